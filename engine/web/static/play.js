// The position of a page as the server has it, the board that shows it, and addresses made of it.

const page = { facts: null, section: null, going: 0 };

const rootOf = () => document.documentElement.dataset.root || "";

// Parameters of an address: a line from the start of the page's position, or from another one.
function lineQuery(moves, { start = page.facts.start, black = field.flipped } = {}) {
  const query = new URLSearchParams();
  if (start !== START) query.set("fen", start);
  if (moves.length) query.set("moves", moves.join(","));
  if (black) query.set("below", "black");
  return query;
}

function addressOf(path, query) {
  const whole = [page.section.dataset.filter, String(query).replaceAll("%2C", ",").replaceAll("%2F", "/")].filter(Boolean).join("&");
  return rootOf() + path + (whole ? `?${whole}` : "");
}

// The games of the filter that had a position.
function gamesWith(fen) {
  const query = new URLSearchParams(page.section.dataset.filter);
  query.set("position", fen);
  return `${rootOf()}/games?${query}`;
}

const squaresOf = (uci) => (uci ? [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))] : []);

// Shows the facts on the board that moves are made on.
function showOnBoard(facts, note = "") {
  page.facts = facts;
  const position = readFen(facts.fen);
  const moves = readMoves(facts.targets);
  showField(position, moves, { marks: squaresOf(facts.moves[facts.moves.length - 1]), note });
}

// Puts the board in the place of its picture.
function openBoard(section, made) {
  page.section = section;
  const facts = JSON.parse(byId("b-facts").textContent);
  field.flipped = facts.black;
  prepareField(made);
  byId("b-picture").hidden = true;
  byId("t-frame").hidden = false;
  showOnBoard(facts);
}

const isTyping = (target) => target.closest("input:not([type=radio], [type=checkbox], [readonly]), select, textarea") !== null;
