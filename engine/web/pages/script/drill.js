// Drill-down: the moves behind a row, a sentence or a point of a chart, as small boards below it. What rests on moves
// has the attribute `data-about`: `3:24 7` is the position before move 24 (from 0) of game 3, and game 7 as a whole.

const referencesOf = (about) =>
  about.split(" ").map((one) => {
    const [game, ply] = one.split(":");
    return { game: Number(game), ply: ply === undefined ? null : Number(ply) };
  });

const addressOf = ({ game, ply }) => `#game=${game}${ply === null ? "" : `&ply=${ply}`}`;

// `from` is a ply at which the game can be opened, too.
function cardOf(reference, from) {
  const game = readGame(reference.game);
  if (!game) return linkCard(reference);
  const whole = reference.ply === null;
  const ply = whole ? game.moves.length : Math.min(reference.ply, game.moves.length);
  const position = game.positions[ply];
  const [played, best] = [game.moves[ply], game.best[ply]];
  const arrows = [];
  if (!whole && played && !isNull(played) && !(best && best.uci === played)) arrows.push(["played", played]);
  if (!whole && best) arrows.push(["best", best.uci]);
  const before = game.moves[ply - 1];
  const last = before && !isNull(before) ? [squareOf(before.slice(0, 2)), squareOf(before.slice(2, 4))] : [];
  const board = svg("svg", { viewBox: "0 0 360 360", role: "img", class: "small-board" });
  const flipped = game.v === "b" || (!game.v && !whole && !position.white);
  drawSmall(board, position, { flipped, last, arrows });
  const link = html("a", { href: addressOf({ ...reference, ply: whole ? null : ply }) }, html("bdi", {}, titleOf(game)));
  const caption = html("figcaption", {}, link, html("span", { class: "dim" }, ` game ${game.n}`));
  caption.append(html("br"), ...(whole ? [resultOf(game)] : sayMove(game, ply)));
  if (from) caption.append(html("br"), html("a", { href: addressOf({ game: game.n, ply: from }) }, `from ${numberAt(game, from - 1)} ${game.sans[from - 1]}`));
  return html("li", {}, html("figure", {}, board, caption));
}

// Draws a board that is not the one of the game's page: its words are a label, since the name of an element is used once.
function drawSmall(board, position, { flipped, last, arrows }) {
  const words = inWords(position);
  drawBoard(board, position, { flipped, last, arrows, words });
  for (const named of board.querySelectorAll("[id]")) named.removeAttribute("id");
  board.setAttribute("aria-label", words);
}

// A game of another file is only a link.
function linkCard(reference) {
  const file = elsewhere(reference.game);
  const known = finder.games.find(([number]) => number === reference.game);
  const named = [html("bdi", {}, known ? known[1] : "Game"), ` ${known ? "game " : ""}${reference.game}`];
  if (reference.ply !== null) named.push(`, ply ${reference.ply}`);
  if (!file) return html("li", { class: "elsewhere" }, ...named);
  return html("li", { class: "elsewhere" }, html("a", { href: file + addressOf(reference) }, ...named), ` in ${file}`);
}

const resultOf = (game) => (game.tags.Result || "*").replaceAll("1/2", "½");

// The move in words: what was played, what it did to the mover's Win%, and what was better.
function sayMove(game, ply) {
  if (!game.sans[ply]) return [`the last position, ${resultOf(game)}`];
  const kind = game.j && game.j[ply];
  const parts = [html("strong", {}, `${numberAt(game, ply)} ${game.sans[ply]}`)];
  if (kind) {
    parts.push(html("span", { class: `mark ${JUDGED[kind]}`, "aria-hidden": "true" }, MARKS[kind]));
    parts.push(html("span", { class: "unseen" }, ` ${JUDGED[kind]}`));
  }
  const share = (k) => {
    const white = game.w && game.w[k];
    if (white === null || white === undefined) return null;
    return Math.round((game.positions[ply].white ? white : 1000 - white) / 10);
  };
  const [from, to] = [share(ply), share(ply + 1)];
  if (from !== null && to !== null) parts.push(`, Win% ${from} → ${to}`);
  const best = game.best[ply];
  if (best && best.uci !== game.moves[ply]) parts.push(", better ", html("strong", {}, best.san));
  else if (best) parts.push(", the best move");
  const left = game.k && ply > 1 ? game.k[ply - 2] : null;
  if (left !== null && left !== undefined) parts.push(`, ${clockText(left)} left`);
  return parts;
}

function boardsOf({ about, from }) {
  return html("ul", { class: "cards" }, ...referencesOf(about).map((one) => cardOf(one, Number(from || 0))));
}

// -- the control that opens and closes the boards --------------------------------------------------------------

let panels = 0;

function drillButton(about, what) {
  const number = referencesOf(about).length;
  const named = `${number === 1 ? "The move" : `The ${number} moves`} behind ${what}`;
  return html("button", { type: "button", class: "drill", "aria-expanded": "false", "aria-label": named, title: named });
}

function addDrill(row) {
  const cell = row.cells[0];
  if (cell.querySelector(":scope > .drill")) return;
  const named = [...row.cells].slice(0, 3).map((one) => one.textContent.trim()).filter(Boolean);
  cell.prepend(drillButton(row.dataset.about, named.join(", ").slice(0, 120) || "this row"));
}

function panelOf(host) {
  const id = `drilled-${(panels += 1)}`;
  if (host.tagName !== "TR") {
    const panel = html("div", { class: "drilled", id }, boardsOf(host.dataset));
    host.append(panel);
    return panel;
  }
  const cell = html("td", { colspan: host.cells.length }, boardsOf(host.dataset));
  const panel = html("tr", { class: "drilled", id }, cell);
  host.after(panel);
  return panel;
}

function toggleDrill(button) {
  const host = button.closest("[data-about]");
  const old = button.getAttribute("aria-controls");
  if (old) {
    byId(old).remove();
    button.removeAttribute("aria-controls");
    button.setAttribute("aria-expanded", "false");
    return;
  }
  button.setAttribute("aria-controls", panelOf(host).id);
  button.setAttribute("aria-expanded", "true");
}

// A table that is sorted or unfolded has no boards between its rows.
function closeDrills(table) {
  for (const button of table.querySelectorAll('.drill[aria-expanded="true"]')) toggleDrill(button);
}

// A point of a chart opens the boards below the drawing; the same are in the table of its values, with a button.
function openPoint(point) {
  const chart = point.closest("figure");
  const old = chart.querySelector(":scope > .drilled");
  const again = old && old.dataset.of === point.dataset.about;
  if (old) old.remove();
  if (again) return;
  const panel = html("div", { class: "drilled", "data-of": point.dataset.about });
  panel.append(html("p", { class: "note" }, point.querySelector("title").textContent), boardsOf(point.dataset));
  chart.querySelector(":scope > svg").after(panel);
}

function prepareDrills() {
  for (const sentence of document.querySelectorAll("li[data-about]")) {
    const said = sentence.querySelector(".said").textContent;
    sentence.prepend(drillButton(sentence.dataset.about, said));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".drill");
    const point = event.target.closest(".point");
    if (button) toggleDrill(button);
    else if (point) openPoint(point);
  });
}
