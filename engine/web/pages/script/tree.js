// A table that is a tree of moves, played on a board. Its rows have the attributes `data-level` (moves above it),
// `data-move`, `data-fen` (the position after it) and `data-view`; the table has the indices of its columns:
// `data-tree` (the moves), `data-view` and `data-games`.

const textOf = (node) => node.textContent.trim();

// The first position of each view, with its moves, which are in the order of the table.
function treesOf(table) {
  const trees = [];
  let path = [];
  for (const row of bodyOf(table).rows) {
    const { level, move: uci, fen, view } = row.dataset;
    let tree = trees.find((one) => one.view === view);
    if (!tree) trees.push((tree = { view, fen: START, parent: null, moves: [] }));
    const parent = Number(level) ? path[Number(level) - 1] : tree;
    const node = { row, uci, fen, view, parent, moves: [], san: textOf(cellOf(row, Number(table.dataset.tree))) };
    parent.moves.push(node);
    path = [...path.slice(0, Number(level)), node];
  }
  return trees;
}

const lineTo = (node) => (node.parent ? [...lineTo(node.parent), node] : []);

// Indices of the columns that say something of a move, besides the move.
function figuresOf(table) {
  const { tree, view } = table.dataset;
  return [...table.tHead.rows[0].cells].map((_, k) => k).filter((k) => k !== Number(tree) && String(k) !== view);
}

const headOf = (table, k) => textOf(table.tHead.rows[0].cells[k]);

function sayNode(table, node) {
  const row = node.row;
  const figures = figuresOf(table).map((k) => [headOf(table, k), textOf(cellOf(row, k))]);
  return `${node.san}: ${figures.filter(([, text]) => text && text !== "–").map((one) => one.join(" ")).join(" · ")}`;
}

// Games that went on from a node with a move that the table does not have, or ended there.
function gamesElsewhere(table, node) {
  if (!node.row || table.dataset.games === undefined) return 0;
  const number = (one) => Number(cellOf(one.row, Number(table.dataset.games)).dataset.sort);
  return number(node) - node.moves.reduce((sum, one) => sum + number(one), 0);
}

function moveRow(table, node) {
  const button = html("button", { type: "button", class: "choose" }, node.san);
  const cells = figuresOf(table).map((k) => cellOf(node.row, k).cloneNode(true));
  for (const cell of cells) cell.querySelector(".drill")?.remove();
  return html("tr", {}, html("td", {}, button), ...cells);
}

function movesTable(table) {
  const heads = [html("th", { scope: "col" }, "Move"), ...figuresOf(table).map((k) => table.tHead.rows[0].cells[k].cloneNode(true))];
  const caption = html("caption", {}, "Moves that follow");
  return html("table", {}, caption, html("thead", {}, html("tr", {}, ...heads)), html("tbody"));
}

// -- the board beside the table: `now` is the node on it ---------------------------------------------------------

function showNode(tree) {
  const { parts, table, now } = tree;
  drawTree(tree);
  const steps = lineTo(now).map((node) => [node.san, node]);
  let root = now;
  while (root.parent) root = root.parent;
  tree.path = [["Start", root], ...steps].map(([, node]) => node);
  const items = [["Start"], ...steps].map(([san], k) => {
    const button = html("button", { type: "button", "data-step": k }, san);
    if (k === steps.length) button.setAttribute("aria-current", "step");
    return html("li", {}, button);
  });
  parts.path.replaceChildren(...items);
  parts.said.textContent = now.row ? sayNode(table, now) : "The first position.";
  bodyOf(parts.moves).replaceChildren(...now.moves.map((node) => moveRow(table, node)));
  parts.list.hidden = !now.moves.length;
  const others = gamesElsewhere(table, now);
  const what = now.moves.length ? "went on otherwise or ended here" : "went on from here or ended";
  parts.others.textContent = others > 0 ? `${others.toLocaleString("en")} ${others === 1 ? "game" : "games"} ${what}.` : "";
  parts.back.disabled = parts.start.disabled = !now.parent;
  parts.on.disabled = !now.moves.length;
  const side = tree.flipped ? "?color=black" : "";
  parts.lichess.href = `https://lichess.org/analysis/${now.fen.replaceAll(" ", "_")}${side}`;
  showGames(tree);
}

// Draws the position, with an arrow for a move that is pointed at.
function drawTree({ parts, now, flipped }, pointed) {
  const last = now.uci ? [squareOf(now.uci.slice(0, 2)), squareOf(now.uci.slice(2, 4))] : [];
  const arrows = pointed ? [["remark blue", pointed.uci]] : [];
  drawSmall(parts.board, readFen(now.fen), { flipped, last, arrows });
}

function showGames({ parts, now }) {
  const about = now.row && now.row.dataset.about;
  const games = html("div", { class: "tree-games" });
  if (about) {
    games.dataset.about = about;
    games.dataset.from = lineTo(now).length;
    const number = referencesOf(about).length;
    const said = number === 1 ? `A game with ${now.san}` : `${number} games with ${now.san}`;
    games.append(drillButton(about, now.san), html("span", {}, said));
  }
  parts.games.replaceWith(games);
  parts.games = games;
}

function goToNode(tree, node) {
  if (!node) return;
  tree.now = node;
  showNode(tree);
  const first = tree.parts.moves.querySelector(".choose") || tree.parts.path.querySelector("[aria-current]");
  first.focus({ preventScroll: true });
}

function pointAt(tree, event) {
  const row = event.target.closest(".tree-moves tbody tr");
  drawTree(tree, row && tree.now.moves[row.sectionRowIndex]);
}

function onTreeKey(tree, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest(".tree-games")) return;
  const choices = [...tree.parts.moves.querySelectorAll(".choose")];
  const at = choices.indexOf(event.target);
  const focus = (k) => choices.length && choices[Math.max(0, Math.min(choices.length - 1, k))].focus();
  const actions = {
    ArrowDown: () => focus(at + 1),
    ArrowUp: () => focus(at - 1),
    ArrowRight: () => goToNode(tree, tree.now.moves[Math.max(0, at)]),
    ArrowLeft: () => goToNode(tree, tree.now.parent),
    Home: () => goToNode(tree, tree.path[0]),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function viewButtons(tree, trees) {
  if (trees.length < 2) return null;
  const group = html("div", { class: "controls", role: "group", "aria-label": "Games as" });
  for (const one of trees) {
    const button = html("button", { type: "button", "aria-pressed": String(one === trees[0]) }, `As ${one.view === "white" ? "White" : "Black"}`);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      tree.now = one;
      tree.flipped = one.view === "black";
      showNode(tree);
    });
    group.append(button);
  }
  return group;
}

function controlsOf(tree) {
  const { parts } = tree;
  const button = (text, label, action) => {
    const made = html("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", action);
    return made;
  };
  parts.start = button("|◀", "To the first position (Home)", () => goToNode(tree, tree.path[0]));
  parts.back = button("◀", "One move back (←)", () => goToNode(tree, tree.now.parent));
  parts.on = button("▶", "The move most played (→)", () => goToNode(tree, tree.now.moves[0]));
  const turn = button("Flip", "Turn the board around", () => {
    tree.flipped = !tree.flipped;
    showNode(tree);
  });
  parts.lichess = html("a", { target: "_blank", rel: "noopener noreferrer" }, "Open in Lichess", html("span", { class: "unseen" }, " (in a new tab)"));
  return html("div", { class: "controls", role: "group", "aria-label": "Moves of the tree" }, parts.start, parts.back, parts.on, turn, parts.lichess);
}

function tableButton(table) {
  const button = html("button", { type: "button", "aria-expanded": "false", "aria-controls": table.id }, "Show as a table");
  button.addEventListener("click", () => {
    const hidden = table.closest(".table-wrap").classList.toggle("behind");
    button.setAttribute("aria-expanded", String(!hidden));
  });
  return button;
}

// The board of a table that is behind one.
function treeOf(target) {
  const wrap = target.closest(".table-wrap.behind");
  return wrap && wrap.previousElementSibling;
}

function prepareTree(table) {
  const trees = treesOf(table);
  const tree = { table, now: trees[0], flipped: trees[0].view === "black", path: trees };
  const wrap = table.closest(".table-wrap");
  const moves = movesTable(table);
  const parts = {
    board: svg("svg", { viewBox: "0 0 360 360", role: "img", class: "small-board" }),
    path: html("ol", { class: "path" }),
    said: html("p", { role: "status" }),
    moves,
    list: html("div", { class: "table-wrap tree-moves", tabindex: "0", role: "region", "aria-label": "Moves that follow" }, moves),
    others: html("p", { class: "note" }),
    games: html("div"),
  };
  tree.parts = parts;
  const named = textOf(table.caption);
  const views = viewButtons(tree, trees);
  const hint = html("p", { class: "hint" }, "Keys in the tree: ↓ and ↑ choose a move, → or Enter plays it, ← takes it back.");
  const left = html("div", { class: "tree-board" }, parts.board, controlsOf(tree));
  const path = html("nav", { "aria-label": `${named}: the line on the board` }, parts.path);
  const right = html("div", { class: "tree-side" }, ...(views ? [views] : []), path, parts.said, parts.list, parts.others, hint, tableButton(table));
  const whole = html("div", { class: "tree", role: "group", "aria-label": named }, html("h3", {}, named), left, right, parts.games);
  whole.addEventListener("keydown", (event) => onTreeKey(tree, event));
  for (const name of ["mouseover", "focusin"]) parts.list.addEventListener(name, (event) => pointAt(tree, event));
  for (const name of ["mouseleave", "focusout"]) parts.list.addEventListener(name, () => drawTree(tree));
  parts.list.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) goToNode(tree, tree.now.moves[row.sectionRowIndex]);
  });
  parts.path.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) goToNode(tree, tree.path[Number(button.dataset.step)]);
  });
  whole.tree = tree;
  wrap.before(whole);
  wrap.classList.add("behind");
  showNode(tree);
}
