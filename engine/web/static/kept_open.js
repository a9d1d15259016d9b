// What a reader has opened in a part of a page stays open when a newer one takes its place: values, boards behind rows
// and points, sorted and unfolded tables, the line on a tree, the focus, and what is on the screen where it was.

const FOCUSABLE = "a[href], button, summary, [tabindex]";
const HOST = "tr[data-about], li[data-about]";
const WRAP = ".table-wrap:not(.tree-moves)";
const OWNER = `${HOST}, ${WRAP}, .tree, .unfold, figure[id], table[id]`;

// Figures grow from part to part, so a sentence is known by its words.
const wordsOf = (node) => node.textContent.replace(/[\d.,+−-]+/g, "#").trim();
const labelOf = (point) => point.querySelector("title").textContent.split(": ")[0];
const pointsOf = (figure) => [...figure.querySelectorAll(":scope > svg g")].filter((one) => one.querySelector(":scope > title"));
const textsOf = (row) => [...row.cells].filter((cell) => !cell.classList.contains("num")).map(textOf);
const treeBefore = (table) => table.closest(".table-wrap").previousElementSibling.tree;

// Keeps what is open in a place, and returns a function that opens it again in what has taken the place.
function keepOpen(place) {
  const restoring = [keepTables(place), keepDetails(place), keepBoards(place), keepPoints(place), keepFocus(place)];
  const scroll = keepScroll(place);
  return () => {
    for (const restore of restoring) restore();
    scroll();
  };
}

// The row or the sentence that says now what an earlier one said; null where none does.
function sameHost(place, old) {
  if (old.tagName === "LI") {
    return [...place.querySelectorAll("li[data-about]")].find((one) => wordsOf(one.querySelector(".said")) === old.words) || null;
  }
  const table = byId(old.table);
  let best = null;
  let most = 0;
  for (const row of table ? bodyOf(table).rows : []) {
    const texts = textsOf(row);
    const differs = old.texts.findIndex((text, k) => text !== texts[k]);
    const equal = differs < 0 ? old.texts.length : differs;
    if (row.dataset.about && equal > most) [best, most] = [row, equal];
  }
  return best;
}

function hostFacts(host) {
  if (host.tagName === "LI") return { tagName: "LI", words: wordsOf(host.querySelector(".said")), about: host.dataset.about };
  return { tagName: "TR", table: host.closest("table").id, texts: textsOf(host), about: host.dataset.about };
}

function keepTables(place) {
  const kept = [...place.querySelectorAll("table.sortable[id]")].map((table) => {
    const k = [...table.tHead.rows[0].cells].findIndex((head) => head.hasAttribute("aria-sort"));
    const order = k < 0 ? "" : table.tHead.rows[0].cells[k].getAttribute("aria-sort");
    const wrap = table.closest(".table-wrap");
    return { id: table.id, k, order, all: table.dataset.all === "true", left: wrap.scrollLeft, tree: keepTree(table) };
  });
  return () => {
    for (const { id, k, order, all, left, tree } of kept) {
      const table = byId(id);
      if (!table) continue;
      const wrap = table.closest(".table-wrap");
      if (tree && wrap.classList.contains("behind")) tree(treeBefore(table));
      for (let n = 0; order && n < 2 && table.tHead.rows[0].cells[k].getAttribute("aria-sort") !== order; n += 1) sortBy(table, k);
      if (all && wrap.nextElementSibling?.matches(".unfold")) wrap.nextElementSibling.click();
      wrap.scrollLeft = left;
    }
  };
}

function keepTree(table) {
  if (table.dataset.tree === undefined) return null;
  const { tree, pressed, isTable } = stateOfTree(table);
  const moves = lineTo(tree.now).map((node) => node.uci);
  const { flipped } = tree;
  return (fresh) => {
    const buttons = fresh.parts.board.closest(".tree").querySelectorAll("[aria-pressed]");
    if (pressed > 0 && buttons[pressed]) buttons[pressed].click();
    for (const uci of moves) fresh.now = fresh.now.moves.find((node) => node.uci === uci) || fresh.now;
    fresh.flipped = flipped;
    showNode(fresh);
    if (isTable) fresh.parts.board.closest(".tree").querySelector("[aria-controls][aria-expanded]").click();
  };
}

function stateOfTree(table) {
  const wrap = table.closest(".table-wrap");
  const { tree } = wrap.previousElementSibling;
  const pressed = [...wrap.previousElementSibling.querySelectorAll("[aria-pressed]")];
  return { tree, pressed: pressed.findIndex((one) => one.getAttribute("aria-pressed") === "true"), isTable: !wrap.classList.contains("behind") };
}

function keepDetails(place) {
  const ids = [...place.querySelectorAll("figure[id] > details[open]")].map((details) => details.parentElement.id);
  return () => {
    for (const id of ids) byId(id)?.querySelector(":scope > details")?.setAttribute("open", "");
  };
}

// Boards are taken over as they are; the last part has them drawn anew where they have become others.
function keepBoards(place) {
  const kept = [...place.querySelectorAll('.drill[aria-expanded="true"]')].map((button) => {
    const host = button.closest(HOST);
    return host && { host: hostFacts(host), panel: byId(button.getAttribute("aria-controls")) };
  });
  return () => {
    for (const { host, panel } of kept.filter(Boolean)) {
      const now = sameHost(place, host);
      if (!now) continue;
      if (now.classList.contains("folded")) {
        now.classList.remove("folded");
        addDrill(now);
      }
      const button = now.querySelector(".drill");
      if (button.getAttribute("aria-controls")) continue;
      if (now.tagName === "TR") now.after(panel);
      else now.append(panel);
      button.setAttribute("aria-controls", panel.id);
      button.setAttribute("aria-expanded", "true");
      if (now.dataset.about !== host.about) panel.dataset.older = "";
    }
  };
}

function keepPoints(place) {
  const kept = [...place.querySelectorAll("figure[id]")].map((figure) => {
    const panel = figure.querySelector(":scope > .drilled");
    const points = pointsOf(figure);
    const opened = panel && points.find((point) => point.dataset.about === panel.dataset.of);
    const pointed = figure.querySelector(":scope > svg").contains(document.activeElement) ? points.findIndex((point) => point.matches(".pointed")) : -1;
    return { id: figure.id, panel, label: opened ? labelOf(opened) : "", pointed };
  });
  return () => {
    for (const { id, panel, label, pointed } of kept) {
      const figure = byId(id);
      const drawing = figure?.querySelector(":scope > svg");
      const point = drawing && panel && pointsOf(figure).find((one) => one.dataset.about && labelOf(one) === label);
      if (point) {
        if (point.dataset.about !== panel.dataset.of) panel.dataset.older = "";
        panel.dataset.of = point.dataset.about;
        panel.querySelector(".note").textContent = point.querySelector("title").textContent;
        drawing.after(panel);
      }
      if (drawing && pointed >= 0) drawing.dataset.pointed = pointed;
    }
  };
}

// Draws the boards that rest on an earlier part anew, but for those among which somebody is.
async function renewBoards(place) {
  for (const panel of place.querySelectorAll(".drilled[data-older]")) {
    delete panel.dataset.older;
    const host = place.querySelector(`[aria-controls="${panel.id}"]`)?.closest(HOST);
    const about = host ? host.dataset.about : panel.dataset.of;
    if (!about || panel.contains(document.activeElement)) continue;
    await fetchGames(about);
    if (!panel.isConnected) continue;
    panel.querySelector(".cards").replaceWith(boardsOf({ about }));
    leadToPages(panel);
  }
}

// -- the focus, and the place on the screen --

function keepFocus(place) {
  const active = document.activeElement;
  if (!place.contains(active)) return () => {};
  const owner = active.closest(OWNER);
  const find = owner && place.contains(owner) ? finderOf(place, owner) : () => null;
  const k = owner ? [owner, ...owner.querySelectorAll(FOCUSABLE)].indexOf(active) : 0;
  const href = active.getAttribute("href");
  return () => {
    const now = find();
    const same = now ? [now, ...now.querySelectorAll(FOCUSABLE)][k] : href && place.querySelector(`a[href="${CSS.escape(href)}"]`);
    const again = active.isConnected ? active : same;
    if (!again) return;
    again.focus({ preventScroll: true });
    if (again.dataset.pointed === undefined) return;
    again.dispatchEvent(new CustomEvent("point", { detail: Number(again.dataset.pointed) }));
    delete again.dataset.pointed;
  };
}

// A function that returns what stands now where an element stood.
function finderOf(place, element) {
  const drilled = element.closest(".drilled");
  if (drilled) return () => (drilled.isConnected ? drilled : null);
  if (element.matches(HOST)) {
    const host = hostFacts(element);
    return () => sameHost(place, host);
  }
  const wrapOf = (id) => byId(id)?.closest(".table-wrap");
  if (element.matches(".tree")) {
    const { id } = element.tree.table;
    return () => wrapOf(id)?.previousElementSibling || null;
  }
  if (element.matches(".unfold")) {
    const { id } = element.previousElementSibling.querySelector("table");
    return () => wrapOf(id)?.nextElementSibling || null;
  }
  if (element.matches(WRAP)) {
    const { id } = element.querySelector("table");
    return () => wrapOf(id) || null;
  }
  return () => (element.id ? byId(element.id) : null);
}

// What somebody is at stays where it is on the screen, or else boards that are open, or else what comes first.
function keepScroll(place) {
  const isSeen = (one) => {
    const box = one.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.top < window.innerHeight;
  };
  const at = place.contains(document.activeElement) ? document.activeElement.closest(OWNER) : null;
  const all = [at, ...place.querySelectorAll(".drilled"), ...place.querySelectorAll(`${HOST}, [id]`)];
  const seen = all.find((one) => one && isSeen(one));
  if (!seen) return () => {};
  const find = finderOf(place, seen);
  const top = seen.getBoundingClientRect().top;
  return () => {
    const now = find();
    if (now) window.scrollBy({ top: now.getBoundingClientRect().top - top, behavior: "instant" });
  };
}
