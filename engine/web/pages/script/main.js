// Start, addresses (`#game=3&ply=24`), buttons and keys.

const PARTS = ["before", "middle", "after", "end"];

function route() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const number = Number(asked.get("game"));
  if (asked.has("game") && (openGameView(number, Number(asked.get("ply")) || 0) || goElsewhere(number))) return;
  byId("game").hidden = true;
  const training = byId("cards") !== null && location.hash === "#trainer";
  for (const id of PARTS) if (byId(id)) byId(id).hidden = training;
  if (byId("trainer")) byId("trainer").hidden = !training;
  document.title = document.body.dataset.title;
  const target = location.hash.length > 1 && byId(location.hash.slice(1));
  if (training) {
    document.title = `Trainer – ${document.body.dataset.title}`;
    window.scrollTo(0, 0);
    byId("trainer-title").focus({ preventScroll: true });
  } else if (target) (treeOf(target) || target).scrollIntoView();
}

function openGameView(number, ply) {
  const entering = byId("game").hidden || !shown || shown.game.n !== number;
  if (!openGame(number, ply)) return false;
  for (const id of [...PARTS, "trainer"]) if (byId(id)) byId(id).hidden = true;
  if (entering) {
    drawGraphs();
    document.title = `${titleOf(shown.game)} – ${document.body.dataset.title}`;
    window.scrollTo(0, 0);
    byId("game-title").focus({ preventScroll: true });
  }
  byId("previous-game").disabled = neighbour(-1) === null;
  byId("next-game").disabled = neighbour(1) === null;
  return true;
}

// The address follows the ply, without a new entry of the history for each move.
function goTo(ply) {
  if (ply === null) return;
  showPly(ply);
  history.replaceState(null, "", `#game=${shown.game.n}&ply=${shown.ply}`);
}

// The game before or after in the list as it is sorted.
function neighbour(step) {
  const row = byId(`row-${shown.game.n}`);
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  return next ? Number(next.id.slice(4)) : null;
}

function goToGame(step) {
  const number = neighbour(step);
  if (number !== null) location.hash = `game=${number}`;
}

// Steps through the line on the board, or else through the game.
function step(plies) {
  if (shown.line) stepLine(plies === -Infinity ? 0 : shown.line.at + plies);
  else goTo(shown.ply + plies);
}

function flip() {
  shown.flipped = !shown.flipped;
  showBoard();
  showBars();
}

async function copyAndSay(text, what) {
  const done = await copy(text);
  byId("copied").textContent = done ? `${what} copied` : `Your browser did not let the ${what} be copied`;
}

function onKey(event) {
  if (byId("game").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const actions = {
    ArrowLeft: () => (event.shiftKey ? goTo(nextError(-1)) : step(-1)),
    ArrowRight: () => (event.shiftKey ? goTo(nextError(1)) : step(1)),
    Home: () => step(-Infinity),
    End: () => step(Infinity),
    Escape: () => shown.line && leaveLine(),
    f: flip,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function prepareGame() {
  const press = (id, action) => byId(id).addEventListener("click", action);
  press("to-start", () => step(-Infinity));
  press("back", () => step(-1));
  press("on", () => step(1));
  press("to-end", () => step(Infinity));
  press("next-error", () => goTo(nextError(1)));
  press("flip", flip);
  press("previous-game", () => goToGame(-1));
  press("next-game", () => goToGame(1));
  press("copy-fen", () => copyAndSay(fenNow(), "FEN"));
  press("copy-pgn", () => copyAndSay(pgnOf(shown.game), "PGN"));
  press("copy-link", () => copyAndSay(location.href, "link"));
  byId("arrows").addEventListener("change", showBoard);
  byId("ply").addEventListener("input", () => goTo(Number(byId("ply").value)));
  byId("moves").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) goTo(Number(button.dataset.ply));
  });
  for (const id of ["evaluation", "clocks"]) {
    drawingOf(byId(id)).addEventListener("click", (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      goTo(Math.round(((event.clientX - box.left) / box.width) * shown.game.moves.length));
    });
  }
  window.addEventListener("resize", () => {
    if (!byId("game").hidden) drawGraphs();
  });
  prepareLines();
  document.addEventListener("keydown", onKey);
}

// On paper everything is open.
function preparePrint() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.body.dataset.title = document.title;
  // Games are written as they are analysed, before anything can be said of all of them.
  for (const id of ["before", "after"]) if (byId(id)) byId("middle").before(byId(id));
  for (const table of document.querySelectorAll("table[data-tree]")) prepareTree(table);
  for (const table of document.querySelectorAll("table.sortable")) prepareTable(table);
  prepareDrills();
  prepareSearch();
  prepareFinder();
  prepareGame();
  if (byId("cards")) {
    prepareTrainer();
    byId("to-trainer").hidden = false;
  }
  preparePrint();
  window.addEventListener("hashchange", route);
  route();
});
