// What was learnt, by position, kept in the browser so that another report finds it again, and as a file.
//
// A position is named by the first four fields of its FEN. It has an array: state, step (-1 for none), stability,
// difficulty, due, last review, reviews, lapses.

const PROGRESS = "grandmaster-analysis.trainer";
const FORMAT = "engine.trainer/1";
const NEW_A_DAY = 20;
const MOST_TEXT = 20_000_000;
const POSITION = /^[pnbrqkPNBRQK1-8]{1,8}(\/[pnbrqkPNBRQK1-8]{1,8}){7} [wb] (-|[KQA-Hkqa-h]{1,4}) (-|[a-h][36])$/;
const LATEST = 8.64e15; // the last millisecond that a date can have

const nothingLearnt = () => ({ limit: NEW_A_DAY, day: "", fresh: 0, cards: new Map() });
const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
const isWithin = (value, least, most) => typeof value === "number" && value >= least && value <= most;

function isMemory(cells) {
  if (!Array.isArray(cells) || cells.length !== 8) return false;
  const [state, step, stability, difficulty, due, last, reviews, lapses] = cells;
  const steps = STEPS[state] ? STEPS[state].length : 0;
  return (
    isWhole(state, LEARNING, RELEARNING) &&
    (state === REVIEW ? step === -1 : isWhole(step, 0, steps - 1)) &&
    isWithin(stability, LEAST_STABILITY, 1e12) &&
    isWithin(difficulty, 1, 10) &&
    isWhole(due, 0, LATEST) &&
    isWhole(last, 0, due) &&
    isWhole(reviews, 1, 1e6) &&
    isWhole(lapses, 0, reviews)
  );
}

// Returns the progress in a text, or a sentence in `fault` that says why there is none.
function readProgress(text) {
  if (text.length > MOST_TEXT) return { fault: "It is too large to be a training progress." };
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    return { fault: "It is not JSON." };
  }
  if (data === null || typeof data !== "object" || data.format !== FORMAT) {
    return { fault: `It is no training progress: its format is not ${FORMAT}.` };
  }
  const isDay = typeof data.day === "string" && /^(\d{4}-\d{2}-\d{2})?$/.test(data.day);
  if (!isDay || !isWhole(data.limit, 0, 9999) || !isWhole(data.fresh, 0, 1e6)) {
    return { fault: "Its settings are damaged." };
  }
  if (data.cards === null || typeof data.cards !== "object" || Array.isArray(data.cards)) {
    return { fault: "It has no positions." };
  }
  const cards = new Map();
  for (const [name, cells] of Object.entries(data.cards)) {
    if (name.length > 100 || !POSITION.test(name)) return { fault: "It names something that is no position." };
    if (!isMemory(cells)) return { fault: `What it says of the position ${name} is not possible.` };
    cards.set(name, cells);
  }
  return { progress: { limit: data.limit, day: data.day, fresh: data.fresh, cards } };
}

function writeProgress({ limit, day, fresh, cards }) {
  return JSON.stringify({ format: FORMAT, limit, day, fresh, cards: Object.fromEntries(cards) });
}

// Where the browser keeps nothing, progress lasts as long as the page is open.
const keeper = { memory: null, trouble: "" };

// Two pages may be open at once, so each change is made to what is stored at that moment.
function loadProgress() {
  let text = keeper.memory;
  try {
    text = localStorage.getItem(PROGRESS);
  } catch {
    keeper.trouble = "This browser keeps nothing for this page: export the progress before you close it.";
  }
  if (text === null) return nothingLearnt();
  const { progress, fault } = readProgress(text);
  if (progress) return progress;
  setAside(text, fault);
  return nothingLearnt();
}

function setAside(text, fault) {
  keeper.trouble = `The progress in this browser could not be read. ${fault} It is kept under ${PROGRESS}.damaged, and training begins anew.`;
  try {
    localStorage.setItem(`${PROGRESS}.damaged`, text);
    localStorage.removeItem(PROGRESS);
  } catch {
    keeper.memory = null;
  }
}

function changeProgress(change) {
  const progress = loadProgress();
  change(progress);
  const text = writeProgress(progress);
  keeper.memory = text;
  try {
    localStorage.setItem(PROGRESS, text);
  } catch {
    keeper.trouble = "The browser could not keep the progress: export it before you close this page.";
  }
  return progress;
}

const memoryOf = (cells) => {
  if (!cells) return null;
  const [state, step, stability, difficulty, due, last] = cells;
  return { state, step: step === -1 ? null : step, stability, difficulty, due, last };
};

const cellsOf = ({ state, step, stability, difficulty, due, last }, reviews, lapses) => [
  state,
  step === null ? -1 : step,
  stability,
  difficulty,
  due,
  last,
  reviews,
  lapses,
];

// Of a position in both, what was reviewed last counts. Returns how many positions changed.
function mergeProgress(from) {
  let changed = 0;
  changeProgress((progress) => {
    for (const [name, cells] of from.cards) {
      const known = progress.cards.get(name);
      if (known && known[5] >= cells[5]) continue;
      progress.cards.set(name, cells);
      changed++;
    }
    if (from.day === progress.day) progress.fresh = Math.max(progress.fresh, from.fresh);
    else if (from.day > progress.day) [progress.day, progress.fresh] = [from.day, from.fresh];
  });
  return changed;
}
