// The boards behind rows, sentences and points: the games are fetched when they are asked for.

const FETCHED = 40;

// Puts the data of games where the boards look for it.
async function fetchGames(about) {
  const numbers = [...new Set(referencesOf(about).map((one) => one.game))].filter((number) => !byId(`g${number}`));
  for (let k = 0; k < numbers.length; k += FETCHED) {
    const asked = numbers.slice(k, k + FETCHED).join(",");
    const answer = await fetch(`${ROOT}/records?games=${asked}`).catch(() => null);
    if (!answer || !answer.ok) return;
    for (const [number, game] of Object.entries(await answer.json())) {
      document.body.append(html("script", { type: "application/json", id: `g${number}` }, JSON.stringify(game)));
    }
  }
}

// Addresses inside a file become those of the pages of games, with the filter of this page.
function leadToPages(part) {
  for (const link of part.querySelectorAll('a[href^="#game="]')) {
    const asked = new URLSearchParams(link.getAttribute("href").slice(1));
    const filter = new URLSearchParams(document.body.dataset.filter || "");
    if (asked.has("ply")) filter.set("ply", asked.get("ply"));
    link.href = `${ROOT}/game/${asked.get("game")}${filter.size ? `?${filter}` : ""}`;
  }
}

async function openDrill(button) {
  const host = button.closest("[data-about]");
  await fetchGames(host.dataset.about);
  if (!button.isConnected) return;
  toggleDrill(button);
  const panel = button.getAttribute("aria-controls");
  if (panel) leadToPages(byId(panel));
}

async function openChartPoint(point) {
  await fetchGames(point.dataset.about);
  if (!point.isConnected) return;
  openPoint(point);
  leadToPages(point.closest("figure"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".drill");
  const point = event.target.closest(".point");
  if (button) openDrill(button);
  else if (point) openChartPoint(point);
});

// What a part of a page needs once it is there.
function prepareParts(part) {
  for (const table of part.querySelectorAll("table[data-tree]")) prepareTree(table);
  for (const table of part.querySelectorAll("table.sortable")) prepareTable(table);
  for (const sentence of part.querySelectorAll("li[data-about]")) {
    if (sentence.querySelector(":scope > .drill")) continue;
    sentence.prepend(drillButton(sentence.dataset.about, sentence.querySelector(".said").textContent));
  }
  for (const chart of part.querySelectorAll("figure.chart")) prepareChart(chart);
}

document.addEventListener("DOMContentLoaded", () => {
  readFinder();
  prepareParts(document);
});
