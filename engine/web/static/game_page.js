// The page of one game: the address follows the ply, and the position leads to the board and to the opening tree.

const element = document.querySelector(".shown-game");
const page = element.dataset;

function goTo(ply) {
  if (ply === null) return;
  showPly(ply);
  const address = new URL(location.href);
  address.searchParams.set("ply", shown.ply);
  history.replaceState(null, "", address);
}

function goToGame(step) {
  const address = step > 0 ? page.after : page.before;
  if (address) location.assign(address);
}

function withPosition(address, fen) {
  return `${address}${address.includes("?") ? "&" : "?"}fen=${encodeURIComponent(fen)}`;
}

// The position on the board changes with every move and every line; so do the addresses that it leads to.
function linkPosition() {
  byId("analyse").href = withPosition(page.board, fenNow());
  byId("in-openings").href = withPosition(page.openings, fenNow());
}

document.addEventListener("DOMContentLoaded", () => {
  prepareGame();
  preparePrint();
  new MutationObserver(linkPosition).observe(byId("board"), { childList: true });
  openGame(Number(element.id.slice(1)), Number(page.ply));
  byId("previous-game").disabled = !page.before;
  byId("next-game").disabled = !page.after;
  linkPosition();
});
