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
