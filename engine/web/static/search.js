// The live analysis: a stream of what is found of the position on the board, until it is stopped.

const live = { stop: null, lines: [] };

const searching = () => live.stop !== null;
const stateSays = (words) => (byId("b-state").textContent = words);

function showSearching(on) {
  const button = byId("b-go");
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? "Stop" : "Analyse";
}

function forgetLines() {
  live.lines = [];
  byId("b-lines").replaceChildren();
  byId("b-gauge").hidden = true;
}

function stopSearch(words = `Stopped. ${live.lines.words || ""}`) {
  if (!searching()) return;
  live.stop.abort();
  live.stop = null;
  showSearching(false);
  stateSays(words);
}

async function startSearch() {
  if (searching()) live.stop.abort();
  const stop = new AbortController();
  live.stop = stop;
  forgetLines();
  showSearching(true);
  stateSays("Asking.");
  const { start, moves } = page.facts;
  const body = JSON.stringify({ fen: start, moves: moves.join(","), lines: Number(byId("b-many").value) });
  const headers = { "Content-Type": "application/json", "X-Token": page.section.dataset.token };
  let last = "The connection was lost.";
  try {
    const response = await fetch(`${rootOf()}/board/lines`, { method: "POST", headers, body, signal: stop.signal });
    if (!response.ok) last = await troubleOf(response);
    else {
      for await (const [kind, data] of eventsOf(response.body)) {
        if (stop !== live.stop) return;
        if (kind === "step") showStep(data);
        else stateSays(data.words);
        if (kind === "end") last = `${live.lines.words || ""} ${data.words}`.trim();
        if (kind === "trouble") last = data.words;
      }
    }
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  if (stop === live.stop) stopSearch(last);
}

async function troubleOf(response) {
  const kind = response.headers.get("Content-Type") || "";
  if (!kind.includes("json")) return `The server refused (${response.status}).`;
  return (await response.json()).trouble || `The server refused (${response.status}).`;
}

// The events of a stream: name and data of each.
async function* eventsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const found = /^event: (\w+)\ndata: (.*)$/.exec(part);
      if (found) yield [found[1], JSON.parse(found[2])];
    }
  }
}

function showStep(data) {
  stateSays(data.words);
  live.lines = data.lines;
  live.lines.words = data.words;
  byId("b-gauge").hidden = false;
  byId("b-win").setAttribute("width", String(data.win));
  byId("b-lines").replaceChildren(...data.lines.map(lineOf));
  const arrows = data.lines.map((line, k) => [k ? "other" : "best", line.moves[0].uci]);
  field.arrows = arrows.reverse(); // the best one on top
  drawArrows();
}

function lineOf(line) {
  const item = html("li", {}, html("span", { class: "score" }, line.score));
  line.moves.forEach((move, k) => {
    const button = html("button", { type: "button" }, `${move.number} ${move.san}`.trim());
    const ucis = line.moves.slice(0, k + 1).map(({ uci }) => uci);
    button.addEventListener("click", () => live.play(ucis));
    item.append(button);
  });
  return item;
}

// `play` is called with the moves of a line that are to be played.
function prepareSearch(play) {
  live.play = play;
  byId("b-search").hidden = false;
  byId("b-go").addEventListener("click", toggleSearch);
  byId("b-many").addEventListener("change", () => searching() && startSearch());
  window.addEventListener("pagehide", () => stopSearch());
}

function toggleSearch() {
  if (searching()) stopSearch();
  else startSearch();
}
