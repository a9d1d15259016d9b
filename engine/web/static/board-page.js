// The page of the board: moves are made, typed, taken back; the server has the rules.

function sayTrouble(words) {
  byId("b-trouble").textContent = words;
  byId("b-trouble").hidden = !words;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// Asks for a position and shows it. Returns whether there is one.
async function go(query, { push = true } = {}) {
  const number = ++page.going;
  let facts;
  try {
    const response = await fetch(`${rootOf()}/board/position?${query}`);
    facts = response.status < 500 ? await response.json() : { trouble: `the server refused (${response.status})` };
  } catch {
    facts = { trouble: "the server does not answer" };
  }
  if (number !== page.going) return false;
  if (facts.trouble) {
    sayTrouble(sentence(facts.trouble));
    if (!field.place) drawField();
    return false;
  }
  endSetup();
  sayTrouble("");
  const was = focusedList();
  showPosition(facts);
  if (push) history.pushState(null, "", addressOf("/board", facts.query));
  focusAgain(was);
  if (facts.ending) stopSearch("The game has ended here.");
  else if (searching()) startSearch();
  else {
    stateSays("");
    forgetLines();
  }
  return true;
}

const goTo = (moves, options) => go(lineQuery(moves), options);

function showPosition(facts) {
  if (field.flipped !== facts.black) {
    field.flipped = facts.black;
    orderCells();
  }
  showOnBoard(facts);
  const last = facts.crumbs[facts.crumbs.length - 1];
  const state = facts.ending ? sentence(facts.ending) : `${facts.turn} to move${facts.check ? ", in check" : ""}`;
  byId("b-where").replaceChildren(state, ...(facts.opening ? [" · ", html("bdi", {}, facts.opening)] : []));
  byId("b-said").textContent = `${last ? `${last.number} ${last.san}. ` : ""}${state}.`;
  showLine(facts);
  showLegal(facts);
  showAround(facts);
}

function link(words, query, onClick, attributes = {}) {
  const anchor = html("a", { href: addressOf("/board", query), ...attributes }, words);
  anchor.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onClick();
  });
  return anchor;
}

function showLine(facts) {
  const item = (number, words, moves, now) => {
    const attributes = now ? { "aria-current": "true" } : {};
    const before = number ? [html("span", { class: "dim" }, number), " "] : [];
    return html("li", {}, ...before, link(words, lineQuery(moves), () => goTo(moves), attributes));
  };
  const { crumbs, moves } = facts;
  const items = crumbs.map(({ number, san }, k) => item(number, san, moves.slice(0, k + 1), k === crumbs.length - 1));
  byId("b-line").replaceChildren(item("", "Start", [], !crumbs.length), ...items);
}

function showLegal(facts) {
  byId("b-count").textContent = String(facts.legal.length);
  const items = facts.legal.map(([san, uci]) => {
    const moves = [...facts.moves, uci];
    return html("li", {}, link(san, lineQuery(moves), () => goTo(moves), { "data-uci": uci }));
  });
  byId("b-legal").replaceChildren(...items);
}

function showAround(facts) {
  byId("b-fen").value = facts.fen;
  byId("b-back").hidden = !facts.moves.length;
  byId("b-back").href = addressOf("/board", lineQuery(facts.moves.slice(0, -1)));
  byId("b-flip").href = addressOf("/board", lineQuery(facts.moves, { black: !field.flipped }));
  byId("b-tree").href = addressOf("/openings", facts.query);
  byId("b-games").href = gamesWith(facts.fen);
  byId("b-lichess").href = facts.lichess;
  byId("b-copied").textContent = "";
}

// -- the focus, which is not lost with the lists that are made anew --

function focusedList() {
  const at = document.activeElement;
  return ["t-frame", "b-legal", "b-line", "b-lines", "b-back"].find((id) => byId(id).contains(at));
}

function focusAgain(id) {
  if (!id) return;
  const there = { "b-legal": "#b-legal a", "b-line": "#b-line [aria-current]", "b-back": "#b-back:not([hidden])", "b-lines": "#b-go" }[id];
  (document.querySelector(there) || field.cells[field.cursor]).focus({ preventScroll: true });
}

// -- what people do --

function takeBack() {
  if (field.place || !page.facts.moves.length) return;
  goTo(page.facts.moves.slice(0, -1));
}

function flipBoard() {
  const was = focusedList();
  flipField();
  page.facts.black = field.flipped;
  const query = lineQuery(page.facts.moves);
  page.facts.query = String(query);
  history.replaceState(null, "", addressOf("/board", query));
  showLine(page.facts);
  showLegal(page.facts);
  showAround(page.facts);
  focusAgain(was);
}

async function playTyped(event) {
  event.preventDefault();
  const input = byId("b-typed");
  const query = lineQuery(page.facts.moves);
  query.set("play", input.value);
  if (!input.value.trim()) return sayTrouble("Type a move, like Nf3, or paste a FEN.");
  if (await go(query)) input.value = "";
}

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    byId("b-copied").textContent = `${words} copied.`;
  } catch {
    byId("b-fen").select();
    byId("b-copied").textContent = "This browser does not let pages copy; the FEN is marked.";
  }
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isTyping(event.target) || field.place) return;
  const actions = { Backspace: takeBack, f: flipBoard, s: toggleSearch };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function onLink(id, action) {
  byId(id).addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    action();
  });
}

function leaveSetup() {
  endSetup();
  sayTrouble("");
  showOnBoard(page.facts);
  byId("b-setup").focus();
}

function bootBoard() {
  const trouble = byId("b-trouble").textContent;
  openBoard(byId("b-page"), (uci) => goTo([...page.facts.moves, uci]));
  showPosition(page.facts);
  sayTrouble(trouble && sentence(trouble));
  prepareSetup((fen) => go(lineQuery([], { start: fen })), leaveSetup);
  prepareSearch((ucis) => goTo([...page.facts.moves, ...ucis]));
  byId("b-copies").hidden = false;
  byId("b-copy-fen").addEventListener("click", () => copy(page.facts.fen, "FEN"));
  byId("b-copy-pgn").addEventListener("click", () => copy(page.facts.pgn, "PGN"));
  byId("b-form").addEventListener("submit", playTyped);
  onLink("b-back", takeBack);
  onLink("b-begin", () => go(lineQuery([], { start: START })));
  onLink("b-flip", flipBoard);
  document.addEventListener("keydown", onKey);
  window.addEventListener("popstate", () => go(location.search.slice(1), { push: false }));
  if (page.facts.trouble) beginSetup(page.facts);
}

bootBoard();
