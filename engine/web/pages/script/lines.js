// Engine lines, which are played on the board, and what aggregators remark on moves.
//
// `shown.line` is the line on the board: where it begins, its moves and positions, and how many moves are made.

const SIGNS = { 1: "!", 2: "?", 3: "!!", 4: "??", 5: "!?", 6: "?!", 7: "□", 10: "=", 13: "∞", 22: "⨀", 146: "N" };

// The squares of rooks that may castle, from the castling rights of a FEN.
function rooksOf(position, rights) {
  return [...rights.replace("-", "")].map((letter) => {
    const white = isWhite(letter);
    const first = white ? 0 : 56;
    const squares = [0, 1, 2, 3, 4, 5, 6, 7].map((file) => first + file);
    const rooks = squares.filter((square) => position.squares[square] === (white ? "R" : "r"));
    if (letter.toUpperCase() === "K") return rooks[rooks.length - 1];
    if (letter.toUpperCase() === "Q") return rooks[0];
    return first + FILES.indexOf(letter.toLowerCase());
  });
}

// The castling rights of a FEN: K or Q for the outermost rook, the letter of its file for another.
function rightsOf(position, castling) {
  const letters = castling.map((square) => {
    const rook = position.squares[square];
    const first = square - (square % 8);
    const king = position.squares.indexOf(isWhite(rook) ? "K" : "k");
    const beyond = square > king ? [square + 1, first + 7] : [first, square - 1];
    const outermost = !position.squares.slice(beyond[0], beyond[1] + 1).includes(rook);
    const letter = outermost ? (square > king ? "k" : "q") : FILES[square % 8];
    return isWhite(rook) ? letter.toUpperCase() : letter;
  });
  return letters.join("") || "-";
}

// The square behind a pawn that has just moved two ranks, if a pawn stands where it could take there.
function passantOf(before, after, uci) {
  const [from, to] = [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))];
  const pawn = before.squares[from];
  if (pawn.toLowerCase() !== "p" || Math.abs(to - from) !== 16) return "-";
  const taker = isWhite(pawn) ? "p" : "P";
  const beside = [to - 1, to + 1].filter((square) => Math.floor(square / 8) === Math.floor(to / 8));
  return beside.some((square) => after.squares[square] === taker) ? nameOf((from + to) / 2) : "-";
}

// The line of a position of the game, with its positions and their FENs.
function readLine(game, from, k) {
  const [value, ucis, sans] = game.l[from][k];
  const line = { from, k, value, ucis: ucis.split(" "), sans: sans.split(" "), at: 0 };
  line.positions = [game.positions[from]];
  line.fens = [fenOf(game, from)];
  let castling = rooksOf(line.positions[0], line.fens[0].split(" ")[2]);
  line.ucis.forEach((uci, made) => {
    const before = line.positions[made];
    const after = play(before, uci);
    const touched = [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))];
    const king = before.squares[touched[0]];
    castling = castling.filter((square) => !touched.includes(square));
    if (king.toLowerCase() === "k") castling = castling.filter((square) => isWhite(before.squares[square]) !== isWhite(king));
    line.positions.push(after);
    line.fens.push(fenFrom(after, rightsOf(after, castling), passantOf(before, after, uci)));
  });
  return line;
}

// The position on the board, of the line if one is played.
const positionNow = () => (shown.line ? shown.line.positions[shown.line.at] : shown.game.positions[shown.ply]);
const fenNow = () => (shown.line ? shown.line.fens[shown.line.at] : fenOf(shown.game, shown.ply));
const moveInto = () => (shown.line && shown.line.at ? shown.line.ucis[shown.line.at - 1] : shown.game.moves[shown.ply - 1]);

function numbered(position, san, first) {
  if (!position.white && !first) return san;
  return `${position.full}${position.white ? "." : "..."} ${san}`;
}

function playLine(from, k, at) {
  const { game } = shown;
  if (shown.ply !== from && shown.ply !== from + 1) return;
  shown.line = readLine(game, from, k);
  stepLine(at);
}

function stepLine(at) {
  const { line } = shown;
  if (at < 0 || (at === 0 && line.at === 0)) return leaveLine();
  line.at = Math.min(line.ucis.length, at);
  showBoard();
  const made = line.at ? numbered(line.positions[line.at - 1], line.sans[line.at - 1], true) : "its start";
  byId("saying").textContent = `Line: ${made}; move ${line.at} of ${line.ucis.length}.`;
  for (const id of ["to-start", "back"]) byId(id).disabled = false;
  for (const id of ["on", "to-end"]) byId(id).disabled = line.at === line.ucis.length;
  markLine();
}

function leaveLine() {
  const button = lineButton();
  shown.line = null;
  showPly(shown.ply);
  if (button && document.activeElement === document.body) button.focus({ preventScroll: true });
}

function lineButton() {
  const { line } = shown;
  return line && byId("lines").querySelector(`[data-from="${line.from}"][data-line="${line.k}"][data-at="${line.at || 1}"]`);
}

function markLine() {
  for (const old of byId("lines").querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
  if (shown.line && shown.line.at) lineButton().setAttribute("aria-current", "true");
  byId("leave-line").hidden = !shown.line;
}

// The lines at the shown ply: those instead of a judged move, and those of the position.
function showLines() {
  const { game, ply } = shown;
  const lines = game.l || {};
  const judged = ply > 0 && game.j && game.j[ply - 1];
  const groups = [];
  if (judged && lines[ply - 1]) groups.push([`Instead of ${numbered(game.positions[ply - 1], game.sans[ply - 1], true)}`, ply - 1]);
  if (lines[ply]) groups.push([lines[ply].length > 1 ? "Best lines now" : "Best line now", ply]);
  const parts = groups.flatMap(([title, from]) => {
    const items = lines[from].map((_, k) => lineItem(game, from, k));
    return [html("p", { class: "line-title" }, title), html("ol", { "aria-label": title }, ...items)];
  });
  byId("line-list").replaceChildren(...parts);
  byId("lines").hidden = !groups.length;
  markLine();
}

function lineItem(game, from, k) {
  const line = readLine(game, from, k);
  const buttons = line.sans.map((san, made) => {
    const at = { type: "button", "data-from": from, "data-line": k, "data-at": made + 1 };
    return html("button", at, numbered(line.positions[made], san, made === 0));
  });
  return html("li", {}, html("span", { class: "score" }, evaluationText(line.value)), " ", ...buttons);
}

// -- remarks --

const signOf = (nag) => SIGNS[nag] || `$${nag}`;

function remarkSigns(game, k) {
  const judged = game.j && game.j[k] ? MARKS[game.j[k]] : "";
  const signs = ((game.rm && game.rm[k]) || []).flatMap(([, nags]) => nags.map(signOf));
  return [...new Set(signs)].filter((sign) => sign !== judged);
}

// Arrows and marked squares of the position before the move, as drawings of the board take them.
function remarkArrows(game, k) {
  const colors = { G: "green", R: "red", Y: "yellow", B: "blue" };
  const arrows = ((game.rm && game.rm[k]) || []).flatMap(([, , all]) => all);
  return arrows.map((text) => [`remark ${colors[text[0]] || "green"}`, text.slice(1)]);
}

// What is said of the move just made, and of the one that follows in the game.
function showRemarks() {
  const { game, ply } = shown;
  const items = [ply - 1, ply].flatMap((k) =>
    ((game.rm && game.rm[k]) || [])
      .filter(([text, nags]) => text || nags.length)
      .map(([text, nags, , by]) => {
        const move = `${numbered(game.positions[k], game.sans[k], true)}${nags.length ? ` ${nags.map(signOf).join(" ")}` : ""}`;
        const parts = [html("strong", {}, move), text ? ": " : "", html("bdi", {}, text)];
        if (by) parts.push(html("span", { class: "dim" }, ` (${by})`));
        return html("li", {}, ...parts);
      }),
  );
  byId("remarks").replaceChildren(...items);
  byId("remarks").hidden = !items.length;
}

// -- Lichess --

function linkLichess() {
  const { game, flipped } = shown;
  const variant = game.c9 ? "chess960/" : "";
  const side = flipped ? "?color=black" : "";
  byId("lichess").href = `https://lichess.org/analysis/${variant}${fenNow().replaceAll(" ", "_")}${side}`;
}

function prepareLines() {
  byId("lines").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "leave-line") leaveLine();
    else playLine(Number(button.dataset.from), Number(button.dataset.line), Number(button.dataset.at));
  });
}
