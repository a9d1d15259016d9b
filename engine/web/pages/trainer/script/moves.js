// The legal moves of a position, which the page has as text, and how people write them.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PROMOTED = "qrbn";

// `words` has a word for each piece: its square and those that it can go to, a letter for each square, a1 first.
function readMoves(words) {
  const moves = new Map();
  for (const word of words.split(" ").filter(Boolean)) {
    const [from, ...targets] = [...word].map((letter) => LETTERS.indexOf(letter));
    moves.set(from, targets);
  }
  return moves;
}

const isPromotion = (position, from, to) => position.squares[from].toLowerCase() === "p" && (to >= 56 || to < 8);

function ucisOf(position, moves) {
  const all = [];
  for (const [from, targets] of moves) {
    for (const to of targets) {
      const uci = nameOf(from) + nameOf(to);
      if (isPromotion(position, from, to)) all.push(...[...PROMOTED].map((letter) => uci + letter));
      else all.push(uci);
    }
  }
  return all;
}

// 1 for castling short, -1 for long, 0 for other moves.
function castling(position, uci) {
  const [from, to] = [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))];
  const piece = position.squares[from];
  if (piece.toLowerCase() !== "k") return 0;
  return Math.abs(to - from) === 2 || ownRook(position.squares, piece, to) ? Math.sign(to - from) : 0;
}

// The move in SAN, without the signs of check and mate.
function sanOf(position, moves, uci) {
  const side = castling(position, uci);
  if (side) return side > 0 ? "O-O" : "O-O-O";
  const [from, to] = [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))];
  const piece = position.squares[from];
  const target = nameOf(to);
  if (piece.toLowerCase() === "p") {
    const start = from % 8 === to % 8 ? "" : `${FILES[from % 8]}x`;
    return start + target + (uci[4] ? `=${uci[4].toUpperCase()}` : "");
  }
  const others = [...moves].filter(([square, targets]) => square !== from && position.squares[square] === piece && targets.includes(to));
  const sameFile = others.some(([square]) => square % 8 === from % 8);
  const sameRank = others.some(([square]) => Math.floor(square / 8) === Math.floor(from / 8));
  const name = nameOf(from);
  const origin = !others.length ? "" : !sameFile ? name[0] : !sameRank ? name[1] : name;
  return piece.toUpperCase() + origin + (position.squares[to] ? "x" : "") + target;
}

// The legal moves that a text can mean: SAN with or without its signs, or UCI.
function movesMeant(position, moves, text) {
  const plain = text.trim().replace(/^\d+\s*\.+\s*/, "").replace(/[+#!?]+$/, "");
  const all = ucisOf(position, moves);
  if (/^[a-h][1-8][a-h][1-8][qrbn]?$/i.test(plain)) return all.filter((uci) => uci === plain.toLowerCase());
  if (/^[O0o]-[O0o](-[O0o])?$/.test(plain)) {
    return all.filter((uci) => castling(position, uci) === (plain.length === 3 ? 1 : -1));
  }
  const parts = /^([KQRBN])?([a-h])?([1-8])?[x:-]?([a-h][1-8])(?:=?\(?([QRBNqrbn])\)?)?$/.exec(plain);
  if (!parts) return [];
  const [, piece = "P", file, rank, target, promoted = ""] = parts;
  return all.filter((uci) => {
    const fits = position.squares[squareOf(uci)].toUpperCase() === piece && uci.slice(2, 4) === target && !castling(position, uci);
    const starts = (!file || uci[0] === file) && (!rank || uci[1] === rank);
    const takes = piece !== "P" || file || uci[0] === target[0];
    return fits && starts && takes && (uci[4] || "") === promoted.toLowerCase();
  });
}
