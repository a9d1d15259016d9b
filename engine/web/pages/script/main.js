document.addEventListener("DOMContentLoaded", () => {
  document.body.dataset.title = document.title;
  // Games are written as they are analysed, before anything can be said of all of them.
  for (const id of ["before", "after"]) if (byId(id)) byId("middle").before(byId(id));
  for (const table of document.querySelectorAll("table[data-tree]")) prepareTree(table);
  for (const table of document.querySelectorAll("table.sortable")) prepareTable(table);
  prepareDrills();
  prepareSearch();
  prepareFinder();
  prepareGame();
  if (byId("cards")) {
    prepareTrainer();
    byId("to-trainer").hidden = false;
  }
  preparePrint();
  window.addEventListener("hashchange", route);
  route();
});
