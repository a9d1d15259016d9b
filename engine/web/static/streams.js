// Parts of a page that come while they are computed: server-sent events with HTML in place of what is there.

function follow(place) {
  const source = new EventSource(place.dataset.stream);
  const show = (text) => {
    const parsed = new DOMParser().parseFromString(text, "text/html");
    // What the page came with says more than a stream that begins.
    if (!parsed.querySelector("body > :not(.so-far)") && place.querySelector(":scope > .so-far + *")) return;
    const openAgain = keepOpen(place);
    place.replaceChildren(...parsed.body.childNodes);
    prepareParts(place);
    openAgain();
  };
  source.addEventListener("part", (event) => show(event.data));
  source.addEventListener("done", () => {
    source.close();
    place.dataset.stream = "";
    renewBoards(place);
  });
  source.addEventListener("broken", (event) => {
    source.close();
    place.replaceChildren(html("p", { class: "warning" }, event.data));
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll('[data-stream]:not([data-stream=""])')) follow(place);
});
