// Setting up a position: men are chosen and put on squares, by pointer or by letters as in a FEN.

const MEN = ["K", "Q", "R", "B", "N", "P", "k", "q", "r", "b", "n", "p"];

const setup = { use: null, leave: null };

const chosenMan = () => document.querySelector("#b-palette input:checked").value;

function preparePalette() {
  const labels = MEN.map((man, k) => {
    const input = html("input", { type: "radio", name: "man", value: man, class: "unseen", "aria-label": pieceWords(man) });
    input.checked = k === 0;
    const use = svg("use", { href: `#${isWhite(man) ? "w" : "b"}${man.toUpperCase()}` });
    return html("label", { title: pieceWords(man) }, input, svg("svg", { viewBox: "0 0 45 45", "aria-hidden": "true" }, use));
  });
  byId("b-palette").replaceChildren(...labels);
}

function put(square, man) {
  const squares = field.position.squares.slice();
  squares[square] = man;
  showField({ ...field.position, squares }, new Map(), { note: "being set up" });
  handSays(man ? `${pieceWords(man)} on ${nameOf(square)}.` : `${nameOf(square)} is empty.`);
}

function placeChosen(square) {
  const man = chosenMan();
  put(square, field.position.squares[square] === man ? "" : man);
}

function beginSetup(facts) {
  const position = readFen(facts.fen);
  byId("b-turn").value = position.white ? "w" : "b";
  const rights = facts.fen.split(" ")[2];
  for (const box of document.querySelectorAll("[data-castling]")) box.checked = rights.includes(box.dataset.castling);
  field.place = placeChosen;
  showField(position, new Map(), { note: "being set up" });
  showSetup(true);
  document.querySelector("#b-palette input:checked").focus();
}

function endSetup() {
  field.place = null;
  showSetup(false);
}

function showSetup(on) {
  byId("b-men").hidden = !on;
  byId("b-setup").setAttribute("aria-expanded", String(on));
}

function fenSetUp() {
  const boxes = [...document.querySelectorAll("[data-castling]:checked")];
  const rights = boxes.map((box) => box.dataset.castling).join("") || "-";
  return fenFrom({ ...field.position, white: byId("b-turn").value === "w", half: 0, full: 1 }, rights, "-");
}

function onSetupKey(event) {
  if (!field.place || event.ctrlKey || event.altKey || event.metaKey) return;
  const removes = event.key === "Delete" || event.key === "Backspace";
  if (!removes && !MEN.includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  put(field.cursor, removes ? "" : event.key);
}

function prepareSetup(use, leave) {
  preparePalette();
  byId("b-setup").hidden = false;
  byId("b-setup").addEventListener("click", () => (field.place ? leave() : beginSetup(page.facts)));
  byId("b-clear").addEventListener("click", () => {
    showField({ ...field.position, squares: new Array(64).fill("") }, new Map(), { note: "being set up" });
    handSays("The board is empty.");
  });
  byId("b-use").addEventListener("click", () => use(fenSetUp()));
  byId("b-leave").addEventListener("click", leave);
  byId("t-board").addEventListener("keydown", onSetupKey);
}
