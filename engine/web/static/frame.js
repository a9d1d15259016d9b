// What every page has: suggestions for the fields of the filter, and addresses without what is empty.
"use strict";

const ROOT = document.documentElement.dataset.root;

// An address is shorter and easier to share without the fields that say nothing.
function leaveOutEmpty(form) {
  form.addEventListener("formdata", (event) => {
    const entries = [...event.formData.entries()];
    const empty = entries.filter(([, value]) => value === "").map(([name]) => name);
    // The first page without any field is that of the player whom the pages begin with; `player=` is everybody.
    const kept = form.dataset.begins && empty.length === entries.length ? "player" : null;
    for (const name of empty) if (name !== kept) event.formData.delete(name);
  });
}

function suggest(input) {
  let asked = "";
  input.addEventListener("input", async () => {
    const typed = input.value.trim();
    if (typed === asked) return;
    asked = typed;
    const address = `${ROOT}/suggestions/${input.dataset.suggest}?prefix=${encodeURIComponent(typed)}`;
    const answer = await fetch(address).catch(() => null);
    if (!answer || !answer.ok || asked !== typed) return;
    const options = (await answer.json()).map((value) => {
      const option = document.createElement("option");
      option.value = value;
      return option;
    });
    input.list.replaceChildren(...options);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll('form[method="get"]')) leaveOutEmpty(form);
  for (const input of document.querySelectorAll("[data-suggest]")) suggest(input);
});
