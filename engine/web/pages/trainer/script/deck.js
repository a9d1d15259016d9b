// Which position comes next: those that are due, then new ones, as many a day as are wanted; and what the filters leave.

const AHEAD = 20 * MINUTE; // a position that is being learnt can be asked for so long before it is due
const FILTERS = [
  ["t-source", (card) => [card.k === "p" ? "puzzles" : "mistakes"]],
  ["t-theme", (card) => card.th || []],
  ["t-phase", (card) => (card.ph ? [card.ph] : [])],
  ["t-opening", (card) => (card.op ? [familyOf(card.op)] : [])],
];

const deck = { cards: [], chosen: [] };

const now = () => (window.trainerNow ? window.trainerNow() : Date.now());
// `B12 Caro-Kann Defense: Advance Variation` belongs to `Caro-Kann Defense`.
const familyOf = (opening) => opening.replace(/^[A-E]\d\d\s+(?=.)/, "").split(":")[0].trim();

function dayOf(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// An interval of days ends with the morning of its last day, so that one can train at any hour.
const isDue = ([state, , , , due], time) => due <= time || (state === REVIEW && dayOf(due) === dayOf(time));
const countedTo = (cells, time) => (cells && cells[0] === REVIEW && isDue(cells, time) ? Math.max(time, cells[4]) : time);
const newLeft = (progress, time) => Math.max(0, progress.limit - (progress.day === dayOf(time) ? progress.fresh : 0));

// The positions of the filters, by what is to be done with them.
function sorted(progress, time) {
  const parts = { due: [], fresh: [], waiting: [], learnt: 0 };
  for (const card of deck.chosen) {
    const cells = progress.cards.get(card.e);
    if (!cells) parts.fresh.push(card);
    else {
      parts.learnt += cells[0] === REVIEW;
      (isDue(cells, time) ? parts.due : parts.waiting).push([cells[4], card]);
    }
  }
  for (const list of [parts.due, parts.waiting]) list.sort(([a], [b]) => a - b);
  return parts;
}

// Returns the next position, or null and when the next will be due.
function nextCard(ahead) {
  const [progress, time] = [loadProgress(), now()];
  const { due, fresh, waiting } = sorted(progress, time);
  if (due.length) return { card: due[0][1] };
  if (fresh.length && newLeft(progress, time)) return { card: fresh[0] };
  const [next, card] = waiting[0] || [null, null];
  const soon = card !== null && progress.cards.get(card.e)[0] !== REVIEW && next - time <= AHEAD;
  if (ahead && soon) return { card };
  return { card: null, next, soon, fresh: fresh.length };
}

function showSummary() {
  const [progress, time] = [loadProgress(), now()];
  const { due, fresh, learnt } = sorted(progress, time);
  byId("t-due").textContent = due.length.toLocaleString("en");
  byId("t-new").textContent = Math.min(fresh.length, newLeft(progress, time)).toLocaleString("en");
  byId("t-learnt").textContent = `${learnt.toLocaleString("en")} of ${deck.chosen.length.toLocaleString("en")}`;
  byId("t-limit").value = progress.limit;
  byId("t-trouble").textContent = keeper.trouble;
  byId("t-trouble").hidden = !keeper.trouble;
}

function rateCard(card, rating) {
  const time = now();
  return changeProgress((progress) => {
    const cells = progress.cards.get(card.e);
    const memory = review(memoryOf(cells), rating, time, countedTo(cells, time));
    const [reviews, lapses] = cells ? cells.slice(6) : [0, 0];
    const lapsed = cells && cells[0] === REVIEW && rating === AGAIN ? 1 : 0;
    progress.cards.set(card.e, cellsOf(memory, reviews + 1, lapses + lapsed));
    if (cells) return;
    if (progress.day !== dayOf(time)) [progress.day, progress.fresh] = [dayOf(time), 0];
    progress.fresh++;
  });
}

// The wait until the next review for each rating.
function waits(card) {
  const [cells, time] = [loadProgress().cards.get(card.e), now()];
  return [AGAIN, HARD, GOOD, EASY].map((rating) => review(memoryOf(cells), rating, time, countedTo(cells, time)).due - time);
}

function waitWords(wait) {
  const parts = [[365.25 * DAY, "year"], [30.4375 * DAY, "month"], [DAY, "day"], [60 * MINUTE, "hour"], [MINUTE, "minute"]];
  const [unit, name] = parts.find(([size]) => wait >= size) || parts[parts.length - 1];
  const number = Math.max(1, unit > DAY ? Math.round((10 * wait) / unit) / 10 : Math.round(wait / unit));
  return `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;
}

// -- filters --

function prepareFilters(changed) {
  for (const [id, valuesOf] of FILTERS) {
    const numbers = new Map();
    for (const card of deck.cards) for (const value of new Set(valuesOf(card))) numbers.set(value, (numbers.get(value) || 0) + 1);
    const options = [...numbers].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    byId(id).append(...options.map(([value, number]) => html("option", { value }, `${value} (${number})`)));
    byId(id).closest("label").hidden = options.length < 2;
    byId(id).addEventListener("change", changed);
  }
  byId("t-cost").addEventListener("change", changed);
}

function choose() {
  const asked = FILTERS.map(([id, valuesOf]) => [byId(id).value, valuesOf]).filter(([value]) => value);
  const least = Number(byId("t-cost").value);
  const fits = (card) => asked.every(([value, valuesOf]) => valuesOf(card).includes(value)) && (!least || (card.c || 0) >= least);
  deck.chosen = deck.cards.filter(fits);
}
