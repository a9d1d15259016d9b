// Positions: an array of 64 letters or "", a1 first, with what a FEN needs beside them. The moves are known to be
// legal, so they are only carried out.

const START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
const FILES = "abcdefgh";

const squareOf = (name) => FILES.indexOf(name[0]) + 8 * (Number(name[1]) - 1);
const nameOf = (square) => FILES[square % 8] + (Math.floor(square / 8) + 1);
const isWhite = (piece) => piece === piece.toUpperCase();

const isNull = (uci) => uci === "0000";

function readFen(fen) {
  const [placement, turn, , , half, full] = fen.split(" ");
  const squares = new Array(64).fill("");
  placement.split("/").forEach((row, k) => {
    let file = 0;
    for (const letter of row) {
      if (letter >= "1" && letter <= "8") file += Number(letter);
      else squares[(7 - k) * 8 + file++] = letter;
    }
  });
  return { squares, white: turn === "w", half: Number(half), full: Number(full) };
}

function play(position, uci) {
  const squares = position.squares.slice();
  const full = position.full + (position.white ? 0 : 1);
  if (isNull(uci)) return { squares, white: !position.white, half: position.half + 1, full };
  const from = squareOf(uci.slice(0, 2));
  const to = squareOf(uci.slice(2, 4));
  const piece = squares[from];
  const pawn = piece.toLowerCase() === "p";
  const castles = piece.toLowerCase() === "k" && (Math.abs(to - from) === 2 || ownRook(squares, piece, to));
  const takes = !castles && squares[to] !== "";
  squares[from] = "";
  if (castles) castle(squares, piece, from, to);
  else {
    if (pawn && !takes && to % 8 !== from % 8) squares[Math.floor(from / 8) * 8 + (to % 8)] = "";
    squares[to] = uci[4] ? (isWhite(piece) ? uci[4].toUpperCase() : uci[4]) : piece;
  }
  return {
    squares,
    white: !position.white,
    half: pawn || takes ? 0 : position.half + 1,
    full,
  };
}

// In Chess960 castling is written as the king taking its own rook.
function ownRook(squares, king, to) {
  return squares[to] === (isWhite(king) ? "R" : "r");
}

function castle(squares, king, from, to) {
  const rank = from - (from % 8);
  const short = to > from;
  const rook = ownRook(squares, king, to) ? to : rank + (short ? 7 : 0);
  const letter = squares[rook];
  squares[rook] = "";
  squares[rank + (short ? 6 : 2)] = king;
  squares[rank + (short ? 5 : 3)] = letter;
}

function positionsOf(game) {
  const positions = [readFen(game.f || START)];
  for (const uci of game.moves) positions.push(play(positions[positions.length - 1], uci));
  return positions;
}

function fenOf(game, ply) {
  const rights = game.r.filter(([from]) => from <= ply).pop()[1];
  return fenFrom(game.positions[ply], rights, (game.x && game.x[ply]) || "-");
}

function fenFrom(position, rights, passant) {
  const rows = [];
  for (let rank = 7; rank >= 0; rank--) {
    let row = "";
    let empty = 0;
    for (const piece of position.squares.slice(rank * 8, rank * 8 + 8)) {
      if (!piece) empty++;
      else {
        row += (empty || "") + piece;
        empty = 0;
      }
    }
    rows.push(row + (empty || ""));
  }
  return [rows.join("/"), position.white ? "w" : "b", rights, passant, position.half, position.full].join(" ");
}

function inWords(position) {
  const order = "KQRBNP";
  const side = (white) =>
    position.squares
      .map((piece, square) => [piece, square])
      .filter(([piece]) => piece && isWhite(piece) === white)
      .sort((a, b) => order.indexOf(a[0].toUpperCase()) - order.indexOf(b[0].toUpperCase()))
      .map(([piece, square]) => piece.toUpperCase().replace("P", "") + nameOf(square))
      .join(" ");
  return `White: ${side(true)}. Black: ${side(false)}. ${position.white ? "White" : "Black"} to move.`;
}
