// Charts: the value under the pointer, or under the arrow keys, in words beside it.

function hintOf(chart) {
  const hint = html("p", { class: "at-point", role: "status" });
  chart.append(hint);
  return hint;
}

// Shows what a point says, and keeps the browser's own hint away.
function pointTo(chart, points, k) {
  chart.querySelector(".pointed")?.classList.remove("pointed");
  const hint = chart.querySelector(":scope > .at-point");
  if (k === null) {
    hint.textContent = "";
    return;
  }
  const point = points[k];
  point.classList.add("pointed");
  hint.textContent = point.dataset.hint;
  const [box, frame] = [point.getBoundingClientRect(), chart.getBoundingClientRect()];
  const middle = box.left + box.width / 2 - frame.left;
  const half = hint.offsetWidth / 2;
  hint.style.left = `${Math.max(4, Math.min(frame.width - 2 * half - 4, middle - half))}px`;
  hint.style.top = `${Math.max(0, box.top - frame.top - hint.offsetHeight - 6)}px`;
}

// The point nearest to the pointer, within a finger's breadth.
function nearest(points, x, y) {
  let best = null;
  let least = 40;
  points.forEach((point, k) => {
    const box = point.getBoundingClientRect();
    const [dx, dy] = [Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)];
    const distance = Math.hypot(dx, dy);
    if (distance < least) [best, least] = [k, distance];
  });
  return best;
}

function prepareChart(chart) {
  const drawing = chart.querySelector(":scope > svg");
  const points = [...drawing.querySelectorAll("g")].filter((one) => one.querySelector(":scope > title"));
  if (!points.length || chart.querySelector(":scope > .at-point")) return;
  for (const point of points) {
    const title = point.querySelector("title");
    point.dataset.hint = title.textContent;
  }
  hintOf(chart);
  let now = null;
  const go = (k) => {
    now = k;
    pointTo(chart, points, k);
  };
  drawing.setAttribute("tabindex", "0");
  drawing.setAttribute("role", "application");
  drawing.setAttribute("aria-roledescription", "chart");
  drawing.addEventListener("pointermove", (event) => go(nearest(points, event.clientX, event.clientY)));
  drawing.addEventListener("pointerleave", () => go(null));
  drawing.addEventListener("blur", () => go(null));
  drawing.addEventListener("point", (event) => go(event.detail));
  drawing.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const last = points.length - 1;
    const steps = { ArrowRight: now === null ? 0 : Math.min(last, now + 1), ArrowLeft: now === null ? last : Math.max(0, now - 1), Home: 0, End: last, Escape: null };
    if (event.key in steps) go(steps[event.key]);
    else if (event.key === "Enter" && now !== null && points[now].dataset.about) openChartPoint(points[now]);
    else return;
    event.preventDefault();
  });
}
