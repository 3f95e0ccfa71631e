// The page of a running import or bulk change. htmx's ws extension swaps in what the server pushes; here is what
// a swap cannot do: tell a screen reader now and then, and tidy up at the end.
"use strict";
(() => {
  const PATIENCE = 2000; // milliseconds without a connection before anyone is told
  const byId = (id) => document.getElementById(id);
  const progress = () => document.querySelector(".imp-progress");
  const isRunning = () => "running" in progress().dataset;
  let told = progress()?.dataset.announce;

  // The last state may come twice; swapping it again would take the focus away from its links.
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (progress() && !isRunning()) event.preventDefault();
  });

  document.addEventListener("htmx:wsAfterMessage", () => {
    const section = progress();
    if (!section) return;
    const sentence = section.dataset.announce;
    if (sentence && sentence !== told) byId("announce").textContent = sentence;
    told = sentence;
    if (isRunning()) return;
    // Over: nothing more is to be stopped, and nothing more will be pushed.
    const stop = document.querySelector(".imp-stop");
    const focused = stop?.contains(document.activeElement);
    stop?.remove();
    document.querySelector(".imp-so-far")?.remove();
    if (focused) section.querySelector(".imp-next a")?.focus();
  });

  // A connection that was lost comes back by itself when it can, and brings the state of then.
  // Until it does, what stands here may be old: that is said, but not for every hiccup.
  let missed;
  const lost = () => {
    missed ??= setTimeout(() => {
      const note = byId("live-lost");
      if (note && isRunning()) note.hidden = false;
    }, PATIENCE);
  };
  const back = () => {
    clearTimeout(missed);
    missed = undefined;
    if (byId("live-lost")) byId("live-lost").hidden = true;
  };
  document.addEventListener("htmx:wsClose", lost);
  document.addEventListener("htmx:wsOpen", back);
})();
