// What every page has: suggestions for the fields of the filter, and addresses without what is empty.
"use strict";

const ROOT = document.documentElement.dataset.root;

// An address is shorter and easier to share without the fields that say nothing.
function leaveOutEmpty(form) {
  form.addEventListener("formdata", (event) => {
    const empty = [...event.formData.entries()].filter(([, value]) => value === "").map(([name]) => name);
    for (const name of empty) event.formData.delete(name);
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
