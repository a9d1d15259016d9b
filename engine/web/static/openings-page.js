// The page of the opening tree: moves on the board lead to their page; the arrow keys walk the table.

const moveLinks = () => [...document.querySelectorAll(".o-move")];

function walk(step) {
  const links = moveLinks();
  const at = links.indexOf(document.activeElement);
  const to = links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))];
  if (to) to.focus();
}

function visit(moves) {
  location.assign(`${addressOf("/openings", lineQuery(moves))}#walk`);
}

function onTreeKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isTyping(event.target)) return;
  if (event.target.closest("#t-frame") && event.key !== "Backspace") return;
  const actions = {
    ArrowDown: () => walk(1),
    ArrowUp: () => walk(-1),
    Backspace: () => page.facts.moves.length && visit(page.facts.moves.slice(0, -1)),
  };
  const walks = event.key === "Backspace" || event.target.closest(".o-tree") || event.target === document.body;
  if (!actions[event.key] || !walks) return;
  event.preventDefault();
  actions[event.key]();
}

function bootTree() {
  openBoard(byId("o-page"), (uci) => visit([...page.facts.moves, uci]));
  document.addEventListener("keydown", onTreeKey);
  const [first] = moveLinks();
  if (location.hash === "#walk") (first || byId("b-back")).focus({ preventScroll: true });
}

bootTree();
