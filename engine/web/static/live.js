// The page of a run: shows its events as they come, says them now and then, and sends what the buttons mean.
"use strict";

const PHASES = {
  starting: "Starting", running: "Running", paused: "Paused", stopping: "Stopping", done: "Done", stopped: "Stopped",
  failed: "Failed",
};
const NEWEST = 12;
const SAY_MS = 30000;
const AGAIN_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";

const live = document.getElementById("live");
const by = (id) => document.getElementById(id);
let last = Number(live.dataset.last);
let said = 0;
let noticed = 0;
let source = null;
let seen = ""; // id of the latest event

function made(tag, text = "", classes = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (classes) element.className = classes;
  return element;
}

function put(id, text) {
  const element = by(id);
  if (element.textContent !== text) element.textContent = text;
}

function bdi(text) {
  return made("bdi", text);
}

// A change of phase is said at once, figures every half minute: whoever listens wants to go on with something else.
function say(text, now) {
  if (!now && performance.now() - said < SAY_MS) return;
  said = performance.now();
  put("said", text);
}

function showPhase(phase, sentence) {
  const turned = live.dataset.phase !== phase;
  live.dataset.phase = phase;
  put("phase", PHASES[phase]);
  put("sentence", sentence);
  say(`${PHASES[phase]}: ${sentence}`, turned);
  const over = ["done", "stopped", "failed"].includes(phase);
  if (over) by("at-work").hidden = true;
  const controls = by("controls");
  if (!controls) return;
  const focused = controls.contains(document.activeElement);
  for (const form of controls.querySelectorAll("form")) {
    const action = form.dataset.action;
    form.hidden = action !== "stop" && (action === "resume") !== (phase === "paused");
    form.querySelector("button").disabled = phase === "stopping";
  }
  controls.hidden = over;
  if (focused && over) by("main").focus();
  else if (focused && document.activeElement.closest("[hidden]")) {
    controls.querySelector("form:not([hidden]) button").focus();
  }
}

function linked(number) {
  if (number > last) return made("span", String(number));
  const link = made("a", String(number));
  link.href = live.dataset.game + number;
  return link;
}

function row(cells) {
  const tr = document.createElement("tr");
  for (const [content, classes] of cells) {
    const td = made("td", "", classes);
    td.append(content);
    tr.append(td);
  }
  return tr;
}

function showProgress(progress) {
  if (progress.share === null) by("bar").removeAttribute("value");
  else by("bar").value = progress.share;
  for (const [name, text] of Object.entries(progress.figures)) put(`figure-${name}`, text);
  by("best-scores").hidden = progress.best.length === 0;
  const best = progress.best.map((entry) => row([
    [entry.text, "num"], [entry.number, "tight"], [linked(entry.game), "num"], [bdi(entry.players), ""],
  ]));
  replace(by("best"), best);
  by("at-work").hidden = progress.workers.length === 0;
  replace(by("workers"), progress.workers.map((worker) => row([
    [worker.name, "tight"], [worker.state, "tight"], [String(worker.game ?? ""), "num"],
    [String(worker.ply ?? ""), "num"], [worker.positions.toLocaleString("en"), "num"],
    [worker.nodes.toLocaleString("en"), "num"],
  ])));
  showPhase(progress.phase, progress.sentence);
}

// A link that somebody has reached with the keyboard stays where it is.
function replace(parent, children) {
  const same = parent.children.length === children.length
    && children.every((child, k) => child.isEqualNode(parent.children[k]));
  if (!same && !parent.contains(document.activeElement)) parent.replaceChildren(...children);
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function curve(points) {
  const width = points.length - 1;
  const svg = shape("svg", {
    class: "win-graph", viewBox: `0 0 ${width} 100`, preserveAspectRatio: "none", "aria-hidden": "true",
  });
  const known = points.map((win, k) => [k, win]).filter(([, win]) => win !== null);
  const outline = [`0,100`, ...known.map(([k, win]) => `${k},${100 - win}`), `${width},100`].join(" ");
  svg.append(
    shape("rect", { class: "win-black", width, height: 100 }),
    shape("polygon", { class: "win-white", points: outline }),
    shape("line", { class: "win-even", x1: 0, y1: 50, x2: width, y2: 50 }),
  );
  return svg;
}

function percent(number) {
  return number === null ? "–" : `${number.toFixed(1)}%`;
}

function judged([inaccuracies, mistakes, blunders]) {
  return inaccuracies === null ? "–" : `${inaccuracies} ?! · ${mistakes} ? · ${blunders} ??`;
}

function showGame(game) {
  last = Math.max(last, game.number);
  const games = by("games");
  if (games.querySelector(`[data-number="${game.number}"]`)) return;
  const item = made("li");
  item.dataset.number = game.number;
  if (game.graph.length > 1) item.append(curve(game.graph));
  const names = document.createElement("p");
  const link = made("a");
  link.href = live.dataset.game + game.number;
  game.names.forEach((name, k) => link.append(...(k ? [" – "] : []), bdi(name)));
  names.append(link, " ", made("span", game.result.replaceAll("1/2", "½"), "dim tight"));
  item.append(names);
  const [white, black] = game.accuracy.map(percent);
  const figures = `White ${white}, ${judged(game.judged[0])}; Black ${black}, ${judged(game.judged[1])}`;
  if (game.plies) item.append(made("p", figures, "note"));
  games.prepend(item);
  while (games.children.length > NEWEST && !games.lastElementChild.contains(document.activeElement)) {
    games.lastElementChild.remove();
  }
  by("newest").hidden = false;
}

function showNotice(notice) {
  noticed += 1;
  const line = notice.line ? `:${notice.line}` : "";
  const game = notice.game ? `, game ${notice.game}` : "";
  const where = notice.file ? `${notice.file}${line}${game}: ` : "";
  const notices = by("notices");
  notices.prepend(made("li", `${notice.kind}: ${where}${notice.reason}`));
  while (notices.children.length > NEWEST) notices.lastElementChild.remove();
  put("number-of-notices", noticed.toLocaleString("en"));
  by("noticed").hidden = false;
}

function showEnd(end) {
  if (end.phase === "done") by("bar").value = 1;
  showPhase(end.phase, end.sentence);
}

function showState(state) {
  last = state.last;
  by("games").replaceChildren();
  state.games.forEach(showGame);
  by("notices").replaceChildren();
  noticed = state.noticed - state.notices.length;
  state.notices.forEach(showNotice);
  if (state.progress) showProgress(state.progress);
  if (state.end) showEnd(state.end);
  if (state.error) showPhase("failed", state.error.message);
}

const HANDLERS = {
  reset: showState, progress: showProgress, game: showGame, notice: showNotice, end: showEnd,
  error: (error) => showPhase("failed", error.message),
};

function isOver() {
  return ["done", "stopped", "failed"].includes(live.dataset.phase);
}

// A browser opens six connections to a server at most, so a page that nobody sees gives its own to those that are seen.
function watch() {
  if (source || document.hidden || isOver()) return;
  const own = new EventSource(live.dataset.events + (seen ? `?last=${encodeURIComponent(seen)}` : ""));
  source = own;
  for (const [name, handle] of Object.entries(HANDLERS)) {
    own.addEventListener(name, (event) => {
      if (own !== source || !(event instanceof MessageEvent)) return; // "error" is also a lost connection
      seen = event.lastEventId;
      handle(JSON.parse(event.data));
      if (isOver()) leave();
    });
  }
  own.addEventListener("open", () => { by("connection").hidden = true; });
  own.addEventListener("error", (event) => {
    if (own !== source || event instanceof MessageEvent || isOver()) return;
    by("connection").hidden = false;
    if (own.readyState !== EventSource.CLOSED) return;
    leave();
    setTimeout(watch, AGAIN_MS);
  });
}

function leave() {
  if (source) source.close();
  source = null;
}

async function send(form) {
  if (form.dataset.action === "stop" && !window.confirm("Stop the analysis? The same command continues it.")) return;
  const token = form.querySelector("input").value;
  const answer = await fetch(form.action, { method: "POST", headers: { "X-Token": token } }).catch(() => null);
  if (!answer || !answer.ok) say(answer ? await answer.text() : "The server does not answer.", true);
}

for (const form of document.querySelectorAll("#controls form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : watch()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", watch);
watch();
