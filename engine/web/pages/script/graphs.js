// The graphs of one game, drawn in pixels of the place they have.

const HEIGHT = 150;
const JUDGED = { 1: "inaccuracy", 2: "mistake", 3: "blunder" };
const MARKS = { 1: "?!", 2: "?", 3: "??" };

const drawingOf = (figure) => figure.querySelector(":scope > svg");

function phasesOf(game) {
  const last = game.moves.length;
  const [middle, end] = game.p || [null, null];
  const starts = [["Opening", 0]];
  if (middle !== null) starts.push(["Middlegame", middle]);
  if (end !== null) starts.push(["Endgame", end]);
  return starts
    .map(([name, from], k) => [name, from, k + 1 < starts.length ? starts[k + 1][1] : last])
    .filter(([, from, to]) => to > from);
}

// A frame to draw in: places of plies, bands of the phases, and the line that marks the ply shown.
function frame(figure, game) {
  const drawing = drawingOf(figure);
  const width = Math.max(200, figure.clientWidth);
  const x = (ply) => (game.moves.length ? (ply * width) / game.moves.length : 0);
  drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  drawing.replaceChildren();
  phasesOf(game).forEach(([name, from, to], k) => {
    const band = { class: `phase phase-${k % 2}`, x: x(from), y: 0, width: x(to) - x(from), height: HEIGHT };
    drawing.append(svg("rect", band));
    if (x(to) - x(from) > 70) drawing.append(svg("text", { class: "phase-name", x: x(from) + 4, y: 12 }, name));
  });
  return { drawing, width, x };
}

function path(points) {
  let text = "";
  let pen = "M";
  for (const point of points) {
    if (point === null) pen = "M";
    else {
      text += `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
      pen = "L";
    }
  }
  return text;
}

// Stretches without evaluations, which are nobody's: from the last known position before to the first one after.
function unknownIn(wins) {
  const found = [];
  let from = 0;
  wins.forEach((value, k) => {
    if (value === null) return;
    if (wins.slice(from, k).includes(null)) found.push([from, k]);
    from = k;
  });
  const last = wins.length - 1;
  if (wins[last] === null) found.push([from, last]);
  return found;
}

// Names of phases begin behind a stretch that nothing is drawn of, and are left out where it leaves no room.
function moveNames(drawing, from, to) {
  for (const name of drawing.querySelectorAll(".phase-name")) {
    const at = Number(name.getAttribute("x"));
    if (at < from || at >= to) continue;
    const band = name.previousElementSibling;
    const end = Number(band.getAttribute("x")) + Number(band.getAttribute("width"));
    if (end - to > 70) name.setAttribute("x", to + 4);
    else name.remove();
  }
}

function drawEvaluation(figure, game) {
  const { drawing, width, x } = frame(figure, game);
  const y = (tenths) => HEIGHT - (tenths * HEIGHT) / 1000;
  let run = [];
  const runs = [run];
  game.w.forEach((value, k) => {
    if (value === null) runs.push((run = []));
    else run.push([x(k), y(value)]);
  });
  for (const [from, to] of unknownIn(game.w)) {
    drawing.append(svg("rect", { class: "unknown", x: x(from), y: 0, width: x(to) - x(from), height: HEIGHT }));
    moveNames(drawing, x(from), x(to));
  }
  for (const points of runs.filter((one) => one.length > 1)) {
    const [from, to] = [points[0][0], points[points.length - 1][0]];
    drawing.append(svg("path", { class: "area", d: `${path(points)}L${to} ${HEIGHT}L${from} ${HEIGHT}Z` }));
    drawing.append(svg("path", { class: "curve", d: path(points) }));
  }
  drawing.append(svg("path", { class: "axis", d: `M0 ${HEIGHT / 2}H${width}` }));
  drawing.append(svg("line", { class: "now", x1: 0, x2: 0, y1: 0, y2: HEIGHT }));
  for (const [ply, kind] of Object.entries(game.j || {})) {
    const value = game.w[Number(ply) + 1];
    if (value !== null) drawing.append(dot(x(Number(ply) + 1), y(value), kind));
  }
}

// A shape for each judgement, so that colour is not all that tells them apart.
function dot(x, y, kind) {
  const at = { class: `dot ${JUDGED[kind]}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` };
  const shapes = { 1: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", 2: "M0 -6L5.5 4.5H-5.5Z", 3: "M-5 -5H5V5H-5Z" };
  return svg("path", { ...at, d: shapes[kind] });
}

const mostClock = (game) => Math.max(1, ...game.k.filter((value) => value !== null));

function drawClocks(figure, game) {
  const { drawing, x } = frame(figure, game);
  const most = mostClock(game);
  const y = (seconds) => HEIGHT - 2 - (seconds * (HEIGHT - 20)) / most;
  for (const white of [true, false]) {
    const points = game.k
      .map((value, k) => [value, k])
      .filter(([value, k]) => value !== null && game.positions[k].white === white)
      .map(([value, k]) => [x(k + 1), y(value)]);
    drawing.append(svg("path", { class: `clock-line ${white ? "of-white" : "of-black"}`, d: path(points) }));
  }
  drawing.append(svg("line", { class: "now", x1: 0, x2: 0, y1: 0, y2: HEIGHT }));
}

function clockText(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  if (whole < 60) return `0:${two(whole)}${seconds < 20 ? `.${Math.floor((seconds * 10) % 10)}` : ""}`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function markNow(figure, game, ply) {
  const now = figure.querySelector(".now");
  if (!now) return;
  const width = drawingOf(figure).viewBox.baseVal.width;
  const x = game.moves.length ? (ply * width) / game.moves.length : 0;
  now.setAttribute("x1", x);
  now.setAttribute("x2", x);
}

// Key of shapes and lines, from pairs of an SVG shape and its name.
function legend(figure, entries, ...words) {
  const keys = entries.map(([shape, name]) => {
    const drawing = svg("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, shape);
    return html("span", { class: "key" }, drawing, ` ${name}`);
  });
  figure.querySelector(".legend").replaceChildren(...keys, ...words);
}
