// The board that moves are made on: 64 cells for a pointer, the keyboard and a screen reader.
//
// `field.moves` are the legal moves; it is empty where none can be made. `field.held` is the square of the piece that
// is picked up, or null. `field.place` is called with a square that is pressed while a position is set up.

const PIECES = { p: "pawn", n: "knight", b: "bishop", r: "rook", q: "queen", k: "king" };
const DRAGGED = 5; // pixels from which on a press is no click

const field = { cells: [], position: null, moves: new Map(), flipped: false, cursor: 0, held: null, drag: null, place: null };
// `field.picked` is the square that a press has just picked up, whose click is to do nothing more; `field.dropped` is
// whether a drag has just ended, whose click is none.

const pieceWords = (piece) => `${isWhite(piece) ? "white" : "black"} ${PIECES[piece.toLowerCase()]}`;
const handSays = (text) => (byId("t-hand").textContent = text);
const targetsOf = (square) => field.moves.get(square) || [];

function orderCells() {
  const rows = [];
  for (let row = 0; row < 8; row++) {
    const squares = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => (field.flipped ? row * 8 + 7 - k : (7 - row) * 8 + k));
    rows.push(html("div", { role: "row", class: "t-row" }, ...squares.map((square) => field.cells[square])));
  }
  byId("t-board").replaceChildren(...rows);
}

// Shows a position. `marks` has the squares of the last move, `arrows` what `arrow` draws.
function showField(position, moves, { marks = [], arrows = [], note = "" } = {}) {
  Object.assign(field, { position, moves, held: null, drag: null, marks, arrows });
  byId("t-promotion").hidden = true;
  byId("t-board").setAttribute("aria-label", `Board, ${note || (position.white ? "White to move" : "Black to move")}`);
  drawField();
}

function drawField() {
  const { position, held, marks, flipped } = field;
  const targets = held === null ? [] : targetsOf(held);
  field.cells.forEach((cell, square) => {
    const piece = position.squares[square];
    const use = () => svg("use", { href: `#${isWhite(piece) ? "w" : "b"}${piece.toUpperCase()}` });
    cell.replaceChildren(...(piece ? [svg("svg", { viewBox: "0 0 45 45", "aria-hidden": "true" }, use())] : []));
    const light = (square + Math.floor(square / 8)) % 2 === 1;
    cell.className = `t-cell ${light ? "on-light" : "on-dark"}`;
    cell.classList.toggle("t-last", marks.includes(square));
    cell.classList.toggle("t-own", field.moves.has(square));
    cell.classList.toggle("t-held", square === held);
    cell.classList.toggle("t-target", targets.includes(square));
    cell.classList.toggle("t-placing", field.place !== null);
    const reached = targets.includes(square) ? ", can be reached" : square === held ? ", picked up" : "";
    cell.setAttribute("aria-label", `${nameOf(square)}, ${piece ? pieceWords(piece) : "empty"}${reached}`);
    cell.setAttribute("aria-selected", String(square === held));
    cell.tabIndex = square === field.cursor ? 0 : -1;
  });
  const names = [];
  for (let k = 0; k < 8; k++) {
    names.push(svg("text", { class: k % 2 ? "on-light" : "on-dark", x: k * SIDE + 36, y: 357 }, FILES[flipped ? 7 - k : k]));
    names.push(svg("text", { class: k % 2 ? "on-dark" : "on-light", x: 2, y: k * SIDE + 11 }, String(flipped ? k + 1 : 8 - k)));
  }
  byId("t-names").replaceChildren(...names);
  drawArrows();
}

function drawArrows() {
  byId("t-over").replaceChildren(...field.arrows.map(([kind, uci]) => arrow(kind, uci, field.flipped)));
}

function flipField() {
  field.flipped = !field.flipped;
  orderCells();
  drawField();
}

function moveCursor(square) {
  field.cells[field.cursor].tabIndex = -1;
  field.cursor = square;
  field.cells[square].tabIndex = 0;
  field.cells[square].focus();
}

// -- picking up and putting down --

function pickUp(square) {
  field.held = square;
  byId("t-promotion").hidden = true;
  drawField();
  const names = targetsOf(square).map(nameOf).join(", ");
  handSays(`${pieceWords(field.position.squares[square])} on ${nameOf(square)} picked up; it can go to ${names}.`);
}

function letGo(words = "Let go.") {
  if (field.held === null) return;
  field.held = null;
  byId("t-promotion").hidden = true;
  drawField();
  handSays(words);
}

function putDown(square) {
  const from = field.held;
  if (!targetsOf(from).includes(square)) return letGo(`That is no legal move to ${nameOf(square)}.`);
  if (isPromotion(field.position, from, square)) return askPromotion(from, square);
  field.made(nameOf(from) + nameOf(square));
}

function press(square) {
  if (field.place) field.place(square);
  else if (field.held !== null && square !== field.held && (targetsOf(field.held).includes(square) || !field.moves.has(square))) putDown(square);
  else if (field.held === square) letGo();
  else if (field.moves.has(square)) pickUp(square);
  else if (field.moves.size) handSays(`Nothing to pick up on ${nameOf(square)}.`);
}

function askPromotion(from, to) {
  const white = field.position.white;
  const buttons = [...PROMOTED].map((letter) => {
    const piece = svg("svg", { viewBox: "0 0 45 45", "aria-hidden": "true" }, svg("use", { href: `#${white ? "w" : "b"}${letter.toUpperCase()}` }));
    const button = html("button", { type: "button", "data-piece": letter }, piece, PIECES[letter]);
    button.addEventListener("click", () => field.made(nameOf(from) + nameOf(to) + letter));
    return button;
  });
  const group = byId("t-promotion");
  group.replaceChildren(...buttons);
  group.hidden = false;
  handSays("Promote to what?");
  buttons[0].focus();
}

// -- pointer and keys --

function squareAt(x, y) {
  const under = document.elementFromPoint(x, y);
  const cell = under && under.closest("#t-board [data-square]");
  return cell ? Number(cell.dataset.square) : null;
}

function onDown(event) {
  const cell = event.target.closest("[data-square]");
  if (!cell || event.button || !event.isPrimary) return;
  const square = Number(cell.dataset.square);
  const before = field.held;
  [field.picked, field.dropped] = [null, false];
  if (!field.moves.has(square) || (before !== null && targetsOf(before).includes(square))) return;
  if (before !== square) {
    pickUp(square);
    field.picked = square;
  }
  field.drag = { square, x: event.clientX, y: event.clientY, moved: false };
}

function onMove(event) {
  const { drag } = field;
  if (!drag) return;
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < DRAGGED) return;
  drag.moved = true;
  const cell = field.cells[drag.square];
  cell.classList.add("t-dragged");
  cell.firstChild.style.transform = `translate(${dx}px, ${dy}px)`;
}

function onUp(event) {
  const { drag } = field;
  field.drag = null;
  if (!drag || !drag.moved) return;
  drawField();
  field.dropped = true;
  const square = squareAt(event.clientX, event.clientY);
  if (square !== null && square !== drag.square) putDown(square);
}

// A press that was no drag is a click, which assistive programs make too.
function onClick(event) {
  const cell = event.target.closest("[data-square]");
  const { dropped, picked } = field;
  [field.picked, field.dropped] = [null, false];
  if (!cell || dropped) return;
  const square = Number(cell.dataset.square);
  moveCursor(square);
  if (picked !== square) press(square);
}

function onFieldKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const way = field.flipped ? -1 : 1;
  const [file, rank] = [field.cursor % 8, Math.floor(field.cursor / 8)];
  const step = (files, ranks) => {
    const [x, y] = [file + way * files, rank + way * ranks];
    if (x >= 0 && x < 8 && y >= 0 && y < 8) moveCursor(y * 8 + x);
  };
  const actions = {
    ArrowLeft: () => step(-1, 0),
    ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, 1),
    ArrowDown: () => step(0, -1),
    Enter: () => press(field.cursor),
    " ": () => press(field.cursor),
    Escape: () => letGo(),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function prepareField(made) {
  field.made = made;
  field.cells = Array.from({ length: 64 }, (_, square) => html("div", { role: "gridcell", "data-square": square, "data-name": nameOf(square) }));
  orderCells();
  const board = byId("t-board");
  board.addEventListener("pointerdown", onDown);
  board.addEventListener("click", onClick);
  board.addEventListener("keydown", onFieldKey);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", onUp);
  document.addEventListener("pointercancel", () => {
    field.drag = null;
    if (field.position) drawField();
  });
  byId("t-promotion").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    letGo();
    moveCursor(field.cursor);
  });
}
