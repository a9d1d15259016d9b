// The page of one game. `shown` is what is on it: the game, the ply, which side is below.

let shown = null;

function readGame(number) {
  const element = byId(`g${number}`);
  if (!element) return null;
  const game = JSON.parse(element.textContent);
  game.moves = game.m ? game.m.split(" ") : [];
  game.sans = game.s ? game.s.split(" ") : [];
  game.tags = Object.fromEntries(game.t);
  game.positions = positionsOf(game);
  const [ucis, sans] = [(game.b || "").split(" "), (game.bs || "").split(" ")];
  game.best = game.positions.map((_, k) => {
    if (!ucis[k] || ucis[k] === "-") return null;
    return ucis[k] === "=" ? { uci: game.moves[k], san: game.sans[k] } : { uci: ucis[k], san: sans[k] };
  });
  return game;
}

const nameOfSide = (game, color) => game.tags[color] || "?";

function openGame(number, ply) {
  if (!shown || shown.game.n !== number) {
    const game = readGame(number);
    if (!game) return false;
    shown = { game, ply: -1, flipped: game.v === "b", line: null };
    showHead(game);
    showMoves(game);
    showSides(game);
  }
  byId("game").hidden = false;
  drawGraphs();
  showPly(ply);
  return true;
}

// What a game is called: both players, or one title.
function namesOf(game) {
  if (game.epd !== undefined) return [game.epd || "Position"];
  const names = [nameOfSide(game, "White"), nameOfSide(game, "Black")];
  return game.tags.ChapterName && names.every((name) => name === "?") ? [game.tags.ChapterName] : names;
}

const titleOf = (game) => namesOf(game).join(" – ");

function showHead(game) {
  // Each name by itself: between two in a script from right to left, the order would turn around.
  const names = namesOf(game).flatMap((name, k) => [...(k ? [" – "] : []), html("bdi", {}, name)]);
  byId("game-title").replaceChildren(...names);
  const { Result, Event, Site, Date: date, Round, Termination } = game.tags;
  const known = (text) => text && !/^([?.*]*|-)$/.test(text);
  const opening = game.o ? `${game.o[0]} ${game.o[1]}` : "";
  const solution = game.bm ? `best by the file: ${game.bm}` : "";
  const round = known(Round) ? `round ${Round}` : "";
  const day = (date || "").replace(/(\.\?+)+$/, "").replaceAll(".", "-");
  const facts = [`Game ${game.n}`, Result, opening, Event, round, day, Termination, solution].filter(known);
  const parts = facts.flatMap((fact, k) => [k ? " · " : "", html("bdi", {}, fact)]);
  if (known(Site)) parts.push(" · ", siteOf(Site));
  byId("game-facts").replaceChildren(...parts);
  byId("game-problem").hidden = !game.problem;
  byId("game-problem").textContent = game.problem ? `Only its beginning could be read: ${game.problem}` : "";
}

// A link only where it is plainly the address of a page.
function siteOf(site) {
  if (!/^https:\/\/[\w.-]+(\/[\w./#-]*)?$/.test(site)) return html("bdi", {}, site);
  return html("a", { href: site, rel: "noopener noreferrer" }, site.slice(8));
}

function showMoves(game) {
  const rows = [];
  game.sans.forEach((san, k) => {
    const { full, white } = game.positions[k];
    if (white || !rows.length) {
      rows.push(html("li", {}, html("span", { class: "number" }, `${full}.`)));
      if (!white) rows[rows.length - 1].append(html("span", { class: "gap" }, "…"));
    }
    const kind = game.j && game.j[k];
    const button = html("button", { type: "button", "data-ply": k + 1, tabindex: "-1" }, san);
    if (kind) {
      button.append(html("span", { class: `mark ${JUDGED[kind]}`, title: JUDGED[kind] }, MARKS[kind]));
      button.append(html("span", { class: "unseen" }, ` ${JUDGED[kind]}`));
    }
    const signs = remarkSigns(game, k);
    if (signs.length) button.append(html("span", { class: "mark" }, signs.join("")));
    if (game.rm && game.rm[k]) button.append(html("span", { class: "remarked", title: "remark" }, "✎"));
    const value = game.e && evaluationText(game.e[k + 1]);
    if (value) button.append(html("span", { class: "value" }, value === "checkmate" ? "" : value));
    rows[rows.length - 1].append(button);
  });
  byId("moves").replaceChildren(...rows);
}

function showSides(game) {
  const labels = ["Accuracy", "ACPL", "Inaccuracies ?!", "Mistakes ?", "Blunders ??"];
  const cells = (side) =>
    side.map((value, k) => html("td", { class: "num" }, value === null ? "–" : k ? String(value) : `${value.toFixed(1)}%`));
  const head = ["Player", ...labels].map((label, k) => html("th", { scope: "col", class: k ? "num" : "" }, label));
  const rows = ["White", "Black"].map((color, k) => {
    const name = html("th", { scope: "row" }, html("bdi", {}, nameOfSide(game, color)));
    return html("tr", {}, name, ...cells(game.a[k]));
  });
  const table = html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
  byId("sides").replaceChildren(table);
  byId("sides").hidden = game.epd !== undefined;
}

const knownWins = (game) => (game.w || []).filter((value) => value !== null).length;

function drawGraphs() {
  const { game } = shown;
  const [evaluation, clocks] = [byId("evaluation"), byId("clocks")];
  evaluation.hidden = knownWins(game) < 2; // one point is no course
  clocks.hidden = !game.k;
  if (!evaluation.hidden) {
    drawEvaluation(evaluation, game);
    const kinds = [1, 2, 3].filter((kind) => Object.values(game.j || {}).includes(kind));
    legend(evaluation, kinds.map((kind) => [dot(0, 0, kind), JUDGED[kind]]));
  }
  if (!clocks.hidden) {
    drawClocks(clocks, game);
    const line = (side) => svg("path", { class: `clock-line of-${side}`, d: "M-8 0H8" });
    legend(clocks, [[line("white"), "White"], [line("black"), "Black"]], ` from ${clockText(mostClock(game))} to 0`);
  }
  for (const figure of [evaluation, clocks]) markNow(figure, game, shown.ply);
}

function showPly(ply) {
  const { game } = shown;
  shown.ply = Math.max(0, Math.min(game.moves.length, ply));
  shown.line = null;
  showBoard();
  showBars();
  for (const figure of [byId("evaluation"), byId("clocks")]) markNow(figure, game, shown.ply);
  const slider = byId("ply");
  slider.max = game.moves.length;
  slider.value = shown.ply;
  const said = sayPly();
  slider.setAttribute("aria-valuetext", said);
  byId("saying").textContent = said;
  markMove();
  showLines();
  showRemarks();
  for (const id of ["to-start", "back"]) byId(id).disabled = shown.ply === 0;
  for (const id of ["on", "to-end"]) byId(id).disabled = shown.ply === game.moves.length;
  byId("next-error").disabled = nextError(1) === null;
}

function showBoard() {
  const { game, ply, flipped, line } = shown;
  const arrows = [];
  const best = game.best[ply];
  if (line) {
    if (byId("arrows").checked && line.ucis[line.at]) arrows.push(["best", line.ucis[line.at]]);
  } else if (byId("arrows").checked) {
    arrows.push(...remarkArrows(game, ply));
    if (game.moves[ply] && !isNull(game.moves[ply]) && !(best && best.uci === game.moves[ply])) arrows.push(["played", game.moves[ply]]);
    if (best) arrows.push(["best", best.uci]);
  }
  const move = moveInto();
  const last = move && !isNull(move) ? [squareOf(move.slice(0, 2)), squareOf(move.slice(2, 4))] : [];
  drawBoard(byId("board"), positionNow(), { flipped, last, arrows, words: inWords(positionNow()) });
  linkLichess();
  // A line is worth what its first position is.
  const tenths = game.w && game.w[line ? line.from : ply];
  const share = tenths !== null && tenths !== undefined ? tenths / 10 : null;
  const gauge = (white) => [
    svg("rect", { class: "gauge-black", width: 10, height: 100 }),
    svg("rect", { class: "gauge-white", width: 10, height: white, y: flipped ? 0 : 100 - white }),
  ];
  byId("gauge").replaceChildren(...(share === null ? [] : gauge(share)));
  byId("gauge").classList.toggle("unseen-gauge", share === null); // an empty one would be all White's
}

function showBars() {
  const { game, flipped } = shown;
  for (const [id, color] of [["bar-top", flipped ? "White" : "Black"], ["bar-bottom", flipped ? "Black" : "White"]]) {
    const elo = game.tags[`${color}Elo`];
    const who = [html("span", { class: `disc ${color.toLowerCase()}` }), html("bdi", {}, nameOfSide(game, color))];
    if (elo && /^\d+$/.test(elo)) who.push(html("span", { class: "dim" }, ` ${elo}`));
    byId(id).hidden = game.epd !== undefined;
    byId(id).querySelector(".who").replaceChildren(...who);
    byId(id).querySelector(".clock").textContent = clockText(clockOf(color === "White"));
  }
}

// The clock of a side: that of its last move.
function clockOf(white) {
  const { game, ply } = shown;
  for (let k = ply - 1; game.k && k >= 0; k--) if (game.positions[k].white === white) return game.k[k];
  return null;
}

function sayPly() {
  const { game, ply } = shown;
  const parts = [];
  const kind = ply && game.j && game.j[ply - 1];
  if (!ply) parts.push(game.epd === undefined ? "Start" : "Position");
  else parts.push(`${numberAt(game, ply - 1)} ${game.sans[ply - 1]}${kind ? ` ${MARKS[kind]}, ${JUDGED[kind]}` : ""}`);
  const value = game.e && evaluationText(game.e[ply]);
  if (!value && game.moves.length) parts.push("not evaluated");
  if (value) parts.push(value === "checkmate" ? value : `evaluation ${value}, White's Win% ${(game.w[ply] / 10).toFixed(0)}`);
  if (kind && game.best[ply - 1]) parts.push(`better was ${game.best[ply - 1].san}`);
  const spent = ply && game.d && game.d[ply - 1];
  if (spent) parts.push(`thought for ${spent} s`);
  const next = game.best[ply];
  if (next) parts.push(`best now: ${next.san}`);
  return `${parts.join("; ")}.`;
}

function markMove() {
  const list = byId("moves");
  for (const old of list.querySelectorAll("[aria-current]")) {
    old.removeAttribute("aria-current");
    old.tabIndex = -1;
  }
  const now = list.querySelector(`[data-ply="${shown.ply}"]`);
  const first = list.querySelector("button");
  if (now) now.setAttribute("aria-current", "true");
  else list.scrollTop = 0;
  if (now || first) (now || first).tabIndex = 0;
  if (!now) return;
  // Only the list scrolls, never the page.
  const [top, bottom] = [now.offsetTop, now.offsetTop + now.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top - 30;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight + 30;
}

// The position after the next judged move in one direction, or null.
function nextError(step) {
  const plies = Object.keys((shown.game.j || {})).map((ply) => Number(ply) + 1).sort((a, b) => a - b);
  const further = plies.filter((ply) => (step > 0 ? ply > shown.ply : ply < shown.ply));
  return further.length ? further[step > 0 ? 0 : further.length - 1] : null;
}
