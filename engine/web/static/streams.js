// Parts of a page that come while they are computed: server-sent events with HTML in place of what is there.

const LATER_MS = 5000;

// How many games a part rests on.
function countedIn(part) {
  const bar = part.querySelector(".so-far progress");
  return bar ? Number(bar.getAttribute("value")) : Infinity;
}

// A browser opens six connections to a server at most, so a page that nobody sees leaves its own to those that are
// seen. What has been counted is kept by the server, so that it goes on from there once it is shown again.
function follow(place) {
  let source = null;
  let counted = place.querySelector(":scope > .so-far + *") ? countedIn(place) : 0;

  const show = (text) => {
    const parsed = new DOMParser().parseFromString(text, "text/html");
    // What is there says more than a stream that begins.
    if (!parsed.querySelector("body > :not(.so-far)") && place.querySelector(":scope > .so-far + *")) return;
    if (countedIn(parsed) < counted) return;
    counted = countedIn(parsed);
    const openAgain = keepOpen(place);
    place.replaceChildren(...parsed.body.childNodes);
    prepareParts(place);
    openAgain();
  };
  const leave = () => {
    if (source) source.close();
    source = null;
  };
  const end = () => {
    leave();
    place.dataset.stream = "";
  };
  const watch = () => {
    if (source || document.hidden || !place.dataset.stream) return;
    const own = new EventSource(place.dataset.stream);
    source = own;
    own.addEventListener("part", (event) => {
      if (own === source) show(event.data);
    });
    own.addEventListener("done", () => {
      end();
      renewBoards(place);
    });
    own.addEventListener("broken", (event) => {
      end();
      place.replaceChildren(html("p", { class: "warning" }, event.data));
    });
    own.addEventListener("error", () => {
      if (own !== source || own.readyState !== EventSource.CLOSED) return; // it tries again by itself
      leave();
      setTimeout(watch, LATER_MS);
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : watch()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", watch);
  watch();
}

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll('[data-stream]:not([data-stream=""])')) follow(place);
});
