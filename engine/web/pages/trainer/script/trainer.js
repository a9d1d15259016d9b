// The trainer: a position is asked, answered, rated. `asked` is what is on the board: the card, the position of each
// half-move so far, and `stage`: asking, wrong, right (waits for a rating), shown (the solution), idle.
// `hints` counts those of the card, `hinted` those of the step.

const RATINGS = ["Again", "Hard", "Good", "Easy"];

const asked = { card: null, step: 0, positions: [], made: [], stage: "idle", hints: 0, hinted: 0, failed: false, typed: false };

const say = (text) => (byId("t-say").textContent = text);
const stepNow = () => asked.card.s[asked.step];
const positionAsked = () => asked.positions[asked.positions.length - 1];
const acceptedOf = (step) => step[1].split(" ");
const squaresOf = (uci) => (uci ? [squareOf(uci.slice(0, 2)), squareOf(uci.slice(2, 4))] : []);
const lastMade = () => asked.made[asked.made.length - 1];

function show(stage) {
  asked.stage = stage;
  const on = (id, shown) => (byId(id).hidden = !shown);
  on("t-asking", stage === "asking");
  on("t-wrong", stage === "wrong");
  on("t-rate", stage === "right");
  on("t-shown", stage === "shown");
  on("t-idle", stage === "idle");
  on("t-answer", stage === "right" || stage === "shown");
  on("t-play", (stage === "right" || stage === "shown") && asked.card.s.length > 1);
  showSummary();
}

function openCard({ ahead = false, focus = true } = {}) {
  const found = nextCard(ahead);
  if (!found.card) return showIdle(found);
  const { card } = found;
  Object.assign(asked, { card, step: 0, positions: [readFen(card.e)], made: [], hints: 0, failed: false });
  const { white } = positionAsked();
  field.flipped = !white;
  orderCells();
  const side = white ? "White" : "Black";
  const task = card.k === "p" || !card.was ? "find the best move" : `find a better move than ${card.was}`;
  byId("t-task").textContent = `${side} to move: ${task}.`;
  say(card.s.length > 1 ? `There are ${card.s.length} moves to find.` : "");
  ask(focus);
}

// Shows the position of the step, and waits for a move.
function ask(focus = true) {
  const position = positionAsked();
  byId("t-words").textContent = inWords(position);
  showField(position, readMoves(stepNow()[0]), { marks: squaresOf(lastMade()) });
  byId("t-san").value = "";
  asked.hinted = 0;
  show("asking");
  if (!focus) return;
  if (asked.typed) byId("t-san").focus({ preventScroll: true });
  else field.cells[field.cursor].focus({ preventScroll: true });
}

function answer(uci) {
  const { card, step } = asked;
  const before = positionAsked();
  const san = sanOf(before, field.moves, uci);
  const accepted = acceptedOf(stepNow());
  if (!accepted.includes(uci)) return showWrong(uci, san);
  const after = play(before, uci);
  const last = step === card.s.length - 1;
  asked.positions.push(after);
  asked.made.push(uci);
  if (last || uci !== accepted[0]) return showRight(san);
  const reply = stepNow()[2];
  asked.positions.push(play(after, reply));
  asked.made.push(reply);
  asked.step++;
  ask();
  say(`${san} is right. The answer is ${sansOf(card)[2 * step + 1]}. Move ${asked.step + 1} of ${card.s.length}.`);
}

function showWrong(uci, san) {
  const played = uci === asked.card.wu ? " It is what was played in the game." : "";
  showField(play(positionAsked(), uci), new Map(), { marks: squaresOf(uci), arrows: [["played", uci]], note: "a wrong move" });
  asked.failed = true;
  say(`${san} is not the move.${played}`);
  show("wrong");
  byId("t-again").focus({ preventScroll: true });
}

function retry() {
  say("Try again.");
  ask();
}

function hint() {
  asked.hints++;
  asked.hinted++;
  const [best] = acceptedOf(stepNow());
  const piece = PIECES[positionAsked().squares[squareOf(best)].toLowerCase()];
  const from = best.slice(0, 2);
  const full = asked.hinted > 1;
  showField(positionAsked(), field.moves, { marks: squaresOf(lastMade()), arrows: [["best", full ? best : from]] });
  say(full ? `Move the ${piece} from ${from} to ${best.slice(2, 4)}.` : `Move the ${piece} on ${from}. Another hint says where.`);
}

// -- after the answer --

const sansOf = (card) => card.sol.split(" ");

function lineWords(card) {
  const first = readFen(`${card.e} 0 ${card.n || 1}`);
  return sansOf(card)
    .map((san, k) => {
      const white = first.white === (k % 2 === 0);
      const number = first.full + Math.floor((k + (first.white ? 0 : 1)) / 2);
      return white ? `${number}. ${san}` : k ? san : `${number}... ${san}`;
    })
    .join(" ");
}

function showAnswer() {
  const { card } = asked;
  const solution = html("p", {}, html("strong", {}, lineWords(card)));
  if (card.al) solution.append(`; also good: ${card.al}`);
  const parts = [solution];
  if (card.w) parts.push(html("p", {}, card.w));
  const share = (value) => Math.round(value).toLocaleString("en");
  const loss = card.a !== undefined ? `: Win% ${share(card.b)} → ${share(card.a)}` : card.c ? `: ${share(card.c)} Win% lost` : "";
  if (card.was) parts.push(html("p", {}, html("bdi", {}, card.by || "?"), " played ", html("strong", {}, card.was), `${loss}.`));
  const facts = [...(card.th || []), card.ph, card.op, card.r && `about ${card.r}`].filter(Boolean);
  const about = html("p", { class: "dim" }, facts.join(" · "));
  if (card.h) about.append(facts.length ? " · " : "", html("a", { href: card.h }, `Game ${card.g}`));
  else if (card.g) about.append(facts.length ? " · " : "", `game ${card.g}`);
  byId("t-answer").replaceChildren(...parts, about);
}

function showRight(san) {
  const { card } = asked;
  showField(positionAsked(), new Map(), { marks: squaresOf(lastMade()), note: "solved" });
  showAnswer();
  asked.at = asked.made.length;
  const usual = asked.failed ? AGAIN : asked.hints ? HARD : GOOD;
  const all = waits(card);
  RATINGS.forEach((name, k) => {
    const button = byId("t-rate").querySelector(`[data-rating="${k + 1}"]`);
    button.replaceChildren(html("strong", {}, name), html("span", { class: "dim" }, ` ${waitWords(all[k])}`));
    button.classList.toggle("t-usual", k + 1 === usual);
  });
  say(`${san} is right.`);
  show("right");
  byId("t-rate").querySelector(".t-usual").focus({ preventScroll: true });
}

// The whole line from the start, whatever was found before.
function showSolution() {
  const { card } = asked;
  asked.positions = [readFen(card.e)];
  asked.made = [];
  for (const step of card.s) {
    for (const uci of [acceptedOf(step)[0], step[2]].filter(Boolean)) {
      asked.positions.push(play(positionAsked(), uci));
      asked.made.push(uci);
    }
  }
  showAnswer();
  const { cards } = rateCard(card, AGAIN);
  say(`The solution is ${lineWords(card)}. It comes again in ${waitWords(cards.get(card.e)[4] - now())}.`);
  show("shown");
  stepTo(0);
  byId("t-next").focus({ preventScroll: true });
}

// Shows the line of the answer after some of its half-moves.
function stepTo(at) {
  asked.at = Math.max(0, Math.min(asked.made.length, at));
  const next = asked.made[asked.at];
  const others = asked.at ? [] : acceptedOf(asked.card.s[0]).slice(1).map((uci) => ["remark blue", uci]);
  const arrows = next ? [...others, ["best", next]] : [];
  showField(asked.positions[asked.at], new Map(), { marks: squaresOf(asked.made[asked.at - 1]), arrows, note: "the solution" });
}

function rate(rating) {
  const { card } = asked;
  const { cards } = rateCard(card, rating);
  const words = `${RATINGS[rating - 1]}: it comes again in ${waitWords(cards.get(card.e)[4] - now())}.`;
  openCard();
  say(`${words} ${byId("t-say").textContent}`);
}

function showIdle({ next, soon, fresh }) {
  asked.card = null;
  showField(readFen("8/8/8/8/8/8/8/8 w - -"), new Map(), { note: "empty" });
  byId("t-task").textContent = "";
  const parts = [deck.chosen.length ? "Done for now." : "No position fits the filters."];
  if (next !== null) parts.push(`The next is due in ${waitWords(next - now())}.`);
  if (fresh) parts.push(`New and left for another day, or for a higher number a day: ${positionsWords(fresh)}.`);
  say(parts.join(" "));
  byId("t-ahead").hidden = !soon;
  show("idle");
}

// -- what is typed, files, start --

function playTyped() {
  if (asked.stage !== "asking") return;
  const text = byId("t-san").value;
  const meant = movesMeant(positionAsked(), field.moves, text);
  asked.typed = true;
  if (meant.length === 1) answer(meant[0]);
  else if (meant.length) say(`${text.slice(0, 12)} can mean several moves: ${meant.map((uci) => sanOf(positionAsked(), field.moves, uci)).join(", ")}.`);
  else say(`${text.slice(0, 12) || "Nothing"} is no legal move here.`);
}

function exportProgress() {
  const url = URL.createObjectURL(new Blob([writeProgress(loadProgress())], { type: "application/json" }));
  const link = html("a", { href: url, download: "training-progress.json" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 0);
  byId("t-kept").textContent = "Exported.";
}

const positionsWords = (number) => `${number.toLocaleString("en")} position${number === 1 ? "" : "s"}`;

async function importProgress() {
  const [file] = byId("t-import").files;
  if (!file) return;
  const text = file.size > MOST_TEXT ? " ".repeat(MOST_TEXT + 1) : await file.text();
  byId("t-import").value = "";
  const { progress, fault } = readProgress(text);
  if (fault) {
    byId("t-kept").textContent = `Not imported, nothing has changed. ${fault}`;
    return;
  }
  const changed = mergeProgress(progress);
  byId("t-kept").textContent = `Imported: ${positionsWords(progress.cards.size)}, ${changed} newer than here.`;
  restart();
}

// After a change of what there is to do. An answer that is waiting for its rating stays.
function restart() {
  choose();
  if (["right", "wrong", "shown"].includes(asked.stage) && deck.chosen.includes(asked.card)) showSummary();
  else openCard({ focus: false });
}

// Time has passed, or another page has changed the progress.
function restartIdle() {
  if (asked.stage !== "idle") showSummary();
  else if (nextCard().card) restart();
}

function onTrainerKey(event) {
  const busy = event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select");
  if (busy || !event.target.closest("#trainer") || asked.stage !== "right" || !"1234".includes(event.key)) return;
  event.preventDefault();
  rate(Number(event.key));
}

function prepareTrainer() {
  const data = byId("cards");
  if (!data) return;
  deck.cards = JSON.parse(data.textContent);
  const press = (id, action) => byId(id).addEventListener("click", action);
  prepareField((uci) => {
    asked.typed = false;
    answer(uci);
  });
  press("t-flip", flipField);
  press("t-hint", hint);
  for (const id of ["t-solve", "t-give-up"]) press(id, showSolution);
  press("t-again", retry);
  press("t-next", () => openCard());
  press("t-ahead", () => openCard({ ahead: true }));
  press("t-back", () => stepTo(asked.at - 1));
  press("t-on", () => stepTo(asked.at + 1));
  press("t-enter", playTyped);
  press("t-export", exportProgress);
  byId("t-san").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // or it would press the button that has the focus next
    playTyped();
  });
  byId("t-import").addEventListener("change", importProgress);
  byId("t-limit").addEventListener("change", () => {
    const limit = Math.round(Number(byId("t-limit").value));
    changeProgress((progress) => (progress.limit = isWhole(limit, 0, 9999) ? limit : progress.limit));
    restart();
  });
  byId("t-rate").addEventListener("click", (event) => {
    const button = event.target.closest("[data-rating]");
    if (button) rate(Number(button.dataset.rating));
  });
  document.addEventListener("keydown", onTrainerKey);
  window.addEventListener("storage", restartIdle);
  setInterval(restartIdle, 15_000);
  prepareFilters(restart);
  choose();
  openCard({ focus: false });
}
