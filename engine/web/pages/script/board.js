// Drawing: elements, and the board with its pieces, last move and arrows.

const SIDE = 45;

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function html(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);

function corner(square, flipped) {
  const file = square % 8;
  const rank = Math.floor(square / 8);
  return flipped ? [(7 - file) * SIDE, rank * SIDE] : [file * SIDE, (7 - rank) * SIDE];
}

function drawBoard(board, position, { flipped, last, arrows, words }) {
  const parts = [svg("title", { id: "board-words" }, words)];
  parts.push(svg("rect", { class: "dark", width: 8 * SIDE, height: 8 * SIDE }));
  for (let square = 0; square < 64; square++) {
    const [x, y] = corner(square, flipped);
    const light = (square + Math.floor(square / 8)) % 2 === 1;
    if (light) parts.push(svg("rect", { class: "light", x, y, width: SIDE, height: SIDE }));
    if (last.includes(square)) parts.push(svg("rect", { class: "last", x, y, width: SIDE, height: SIDE }));
  }
  for (let k = 0; k < 8; k++) {
    const file = FILES[flipped ? 7 - k : k];
    const rank = flipped ? k + 1 : 8 - k;
    parts.push(svg("text", { class: k % 2 ? "on-light" : "on-dark", x: k * SIDE + 36, y: 357 }, file));
    parts.push(svg("text", { class: k % 2 ? "on-dark" : "on-light", x: 2, y: k * SIDE + 11 }, String(rank)));
  }
  position.squares.forEach((piece, square) => {
    if (!piece) return;
    const [x, y] = corner(square, flipped);
    const href = `#${isWhite(piece) ? "w" : "b"}${piece.toUpperCase()}`;
    parts.push(svg("use", { href, x, y, width: SIDE, height: SIDE, "data-square": nameOf(square) }));
  });
  for (const [kind, uci] of arrows) parts.push(arrow(kind, uci, flipped));
  board.replaceChildren(...parts);
}

// An arrow between two squares, or a ring around one.
function arrow(kind, uci, flipped) {
  if (uci.length === 2) {
    const [cx, cy] = corner(squareOf(uci), flipped).map((value) => value + SIDE / 2);
    return svg("g", { class: `arrow ${kind}`, "data-move": uci }, svg("circle", { cx, cy, r: SIDE / 2 - 3 }));
  }
  const [x1, y1] = corner(squareOf(uci.slice(0, 2)), flipped).map((value) => value + SIDE / 2);
  const [x2, y2] = corner(squareOf(uci.slice(2, 4)), flipped).map((value) => value + SIDE / 2);
  const length = Math.max(1, Math.hypot(x2 - x1, y2 - y1));
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - 14 * ux, y2 - 14 * uy];
  const tip = [[x2, y2], [bx - 9 * uy, by + 9 * ux], [bx + 9 * uy, by - 9 * ux]];
  return svg(
    "g",
    { class: `arrow ${kind}`, "data-move": uci },
    svg("line", { x1, y1, x2: bx, y2: by }),
    svg("polygon", { points: tip.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" ") }),
  );
}
