// Tables: sorting by a column, long ones folded, and the search in the list of games.

const ROWS = 25;

const bodyOf = (table) => table.tBodies[0];
const cellOf = (row, k) => row.cells[k];

function valueOf(cell) {
  if (cell.dataset.sort === undefined) return cell.innerText.trim();
  return cell.dataset.sort === "" ? null : Number(cell.dataset.sort);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sortBy(table, k) {
  closeDrills(table);
  const heads = [...table.tHead.rows[0].cells];
  const before = heads[k].getAttribute("aria-sort");
  const numbers = heads[k].classList.contains("num");
  const descending = before ? before === "ascending" : numbers && k > 0;
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[k].setAttribute("aria-sort", descending ? "descending" : "ascending");
  const keyed = [...bodyOf(table).rows].map((row) => [valueOf(cellOf(row, k)), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // unknown values come last either way
    return descending ? compare(b, a) : compare(a, b);
  });
  bodyOf(table).append(...keyed.map(([, row]) => row));
  fold(table);
}

function fold(table) {
  const all = table.dataset.all === "true";
  const filtered = table.dataset.filtered === "true";
  [...bodyOf(table).rows].forEach((row, k) => {
    row.classList.toggle("folded", !all && !filtered && k >= ROWS);
    if (row.dataset.about && !row.classList.contains("folded")) addDrill(row);
  });
}

function prepareTable(table) {
  [...table.tHead.rows[0].cells].forEach((head, k) => {
    const button = html("button", { type: "button" }, ...head.childNodes);
    button.addEventListener("click", () => sortBy(table, k));
    head.replaceChildren(button);
  });
  const rows = bodyOf(table).rows.length;
  fold(table);
  if (rows <= ROWS) return;
  const button = html("button", { type: "button", class: "unfold" }, `Show all ${rows.toLocaleString("en")} rows`);
  button.addEventListener("click", () => {
    closeDrills(table);
    table.dataset.all = "true";
    fold(table);
    button.remove();
  });
  table.closest(".table-wrap").after(button);
}

function prepareSearch() {
  const [table, find] = [byId("game-table"), byId("find")];
  find.closest("p").hidden = bodyOf(table).rows.length < 10;
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of bodyOf(table).rows) {
      const text = [...row.cells].slice(0, 5).map((cell) => cell.textContent).join(" ").toLowerCase();
      const fits = words.every((word) => text.includes(word));
      row.hidden = !fits;
      found += fits;
    }
    table.dataset.filtered = String(words.length > 0);
    fold(table);
    byId("found").textContent = words.length ? `${found.toLocaleString("en")} found` : "";
  });
}
