// Spaced repetition by FSRS 6, with its default parameters, for a retention of 90%, without fuzz.
//
// A memory has a state, the step of its state (null in REVIEW), a stability (days after which a position is recalled
// with 90%), a difficulty from 1 to 10, and the times of the next and of the last review in milliseconds. One that was
// never reviewed is null. The tests compare this with the PyPI package `fsrs`, review by review.

const WEIGHTS = [
  0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796,
  1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
];
const [AGAIN, HARD, GOOD, EASY] = [1, 2, 3, 4];
const [LEARNING, REVIEW, RELEARNING] = [1, 2, 3];
const MINUTE = 60_000;
const DAY = 86_400_000;
const STEPS = { [LEARNING]: [MINUTE, 10 * MINUTE], [RELEARNING]: [10 * MINUTE] };
const LONGEST = 36_500;
const LEAST_STABILITY = 0.001;
const FORGETTING = 0.9 ** (-1 / WEIGHTS[20]) - 1;

const firstDifficulty = (rating) => WEIGHTS[4] - Math.exp(WEIGHTS[5] * (rating - 1)) + 1;
const clampDifficulty = (value) => Math.min(10, Math.max(1, value));

// The probability of a recall after whole days.
function recall(stability, days) {
  return (1 + (FORGETTING * Math.max(0, days)) / stability) ** -WEIGHTS[20];
}

// Moves towards the difficulty of an easy position a little, and less the closer it is to the hardest.
function nextDifficulty(difficulty, rating) {
  const moved = difficulty + ((10 - difficulty) * -WEIGHTS[6] * (rating - GOOD)) / 9;
  return clampDifficulty(WEIGHTS[7] * firstDifficulty(EASY) + (1 - WEIGHTS[7]) * moved);
}

// After a review on the same day as the last one.
function shortStability(stability, rating) {
  const growth = Math.exp(WEIGHTS[17] * (rating - GOOD + WEIGHTS[18])) * stability ** -WEIGHTS[19];
  return stability * (rating === AGAIN ? growth : Math.max(1, growth));
}

function longStability({ stability, difficulty }, rating, days) {
  const forgotten = 1 - recall(stability, days);
  if (rating === AGAIN) {
    const long =
      WEIGHTS[11] * difficulty ** -WEIGHTS[12] * ((stability + 1) ** WEIGHTS[13] - 1) * Math.exp(forgotten * WEIGHTS[14]);
    return Math.min(long, stability / Math.exp(WEIGHTS[17] * WEIGHTS[18]));
  }
  const bonus = rating === HARD ? WEIGHTS[15] : rating === EASY ? WEIGHTS[16] : 1;
  const growth =
    Math.exp(WEIGHTS[8]) * (11 - difficulty) * stability ** -WEIGHTS[9] * (Math.exp(forgotten * WEIGHTS[10]) - 1);
  return stability * (1 + growth * bonus);
}

// A stability is the interval for a retention of 90%.
const intervalOf = (stability) => Math.min(LONGEST, Math.max(1, Math.round(stability))) * DAY;

// The state and step after a review, and the wait until the next.
function nextStep({ state, step }, rating, stability) {
  const learnt = { state: REVIEW, step: null, wait: intervalOf(stability) };
  if (state === REVIEW) return rating === AGAIN ? { state: RELEARNING, step: 0, wait: STEPS[RELEARNING][0] } : learnt;
  const steps = STEPS[state];
  if (rating === AGAIN) return { state, step: 0, wait: steps[0] };
  if (rating === EASY || step >= steps.length) return learnt;
  if (rating === GOOD) return step + 1 === steps.length ? learnt : { state, step: step + 1, wait: steps[step + 1] };
  const between = steps.length === 1 ? steps[0] * 1.5 : (steps[0] + steps[1]) / 2;
  return { state, step, wait: step === 0 ? between : steps[step] };
}

// The memory after a review. `counted` is the moment that days are counted to: of a position that is reviewed some
// hours before it is due, on the day that it is due, the moment when it would have been due.
function review(memory, rating, now, counted = now) {
  let stability;
  let difficulty;
  if (memory === null) {
    stability = WEIGHTS[rating - 1];
    difficulty = clampDifficulty(firstDifficulty(rating));
  } else {
    const days = Math.floor((counted - memory.last) / DAY);
    stability = days < 1 ? shortStability(memory.stability, rating) : longStability(memory, rating, days);
    difficulty = nextDifficulty(memory.difficulty, rating);
  }
  stability = Math.max(LEAST_STABILITY, stability);
  const { state, step, wait } = nextStep(memory || { state: LEARNING, step: 0 }, rating, stability);
  return { state, step, stability, difficulty, due: now + wait, last: now };
}
