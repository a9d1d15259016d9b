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
