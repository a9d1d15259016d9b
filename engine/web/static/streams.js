// Parts of a page that come while they are computed: server-sent events with HTML in place of what is there.

function follow(place) {
  const source = new EventSource(place.dataset.stream);
  const show = (text) => {
    const parsed = new DOMParser().parseFromString(text, "text/html");
    place.replaceChildren(...parsed.body.childNodes);
    prepareParts(place);
  };
  source.addEventListener("part", (event) => show(event.data));
  source.addEventListener("done", () => {
    source.close();
    place.dataset.stream = "";
  });
  source.addEventListener("broken", (event) => {
    source.close();
    place.replaceChildren(html("p", { class: "warning" }, event.data));
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll('[data-stream]:not([data-stream=""])')) follow(place);
});
