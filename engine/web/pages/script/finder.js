// A report in several files: the search looks through all of them, and links to games of another file lead there.

const SHOWN = 100;

let finder = null;

function readFinder() {
  const element = byId("finder");
  finder = element ? JSON.parse(element.textContent) : { files: [], games: [], left_out: 0 };
}

// The address of a game in another file, or null.
function elsewhere(number) {
  const k = finder.files.findIndex(([, first, last]) => number >= first && number <= last);
  return k >= 0 && k !== finder.this ? finder.files[k][0] : null;
}

// Goes on to the file that has the game of the address.
function goElsewhere(number) {
  const name = elsewhere(number);
  if (name === null) return false;
  location.replace(`${name}${location.hash}`);
  return true;
}

function findElsewhere() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  let number = 0;
  for (const game of words.length ? finder.games : []) {
    const text = game.join(" ").toLowerCase();
    if (words.every((word) => text.includes(word)) && ++number <= SHOWN) found.push(game);
  }
  byId("elsewhere").hidden = !words.length;
  bodyOf(byId("elsewhere-table")).replaceChildren(...found.map(rowElsewhere));
  byId("elsewhere-table").closest(".table-wrap").hidden = !found.length;
  const first = number > SHOWN ? `; the first ${SHOWN} are shown` : "";
  const missing = finder.left_out ? `; the last ${finder.left_out.toLocaleString("en")} games are not searched` : "";
  if (words.length) {
    const others = `${number.toLocaleString("en")} in the other files`;
    byId("found").append(", and ", number ? html("a", { href: "#elsewhere" }, others) : others);
  }
  byId("elsewhere-found").textContent = `${number.toLocaleString("en")} found in the other files${first}${missing}`;
}

function rowElsewhere([number, players, result, opening, date]) {
  const link = html("a", { href: `${elsewhere(number)}#game=${number}` }, html("bdi", {}, players));
  return html(
    "tr",
    {},
    html("td", { class: "num" }, String(number)),
    html("th", { scope: "row" }, link),
    html("td", { class: "tight" }, result),
    html("td", {}, opening),
    html("td", { class: "tight" }, date),
  );
}

function prepareFinder() {
  readFinder();
  if (!finder.games.length) return;
  byId("find").closest("p").hidden = false;
  byId("find").addEventListener("input", findElsewhere);
}
