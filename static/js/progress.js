// The page of a running import. htmx's ws extension swaps in what the server pushes; here is what
// a swap cannot do: tell a screen reader now and then, and tidy up at the end.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  let told = byId("import-progress")?.dataset.announce;

  document.addEventListener("htmx:wsAfterMessage", () => {
    const section = byId("import-progress");
    if (!section) return;
    const sentence = section.dataset.announce;
    if (sentence && sentence !== told) byId("announce").textContent = sentence;
    told = sentence;
    if ("running" in section.dataset) return;
    // Over: nothing more is to be stopped, and nothing more will be pushed.
    const stop = document.querySelector(".imp-stop");
    const focused = stop?.contains(document.activeElement);
    stop?.remove();
    document.querySelector(".imp-so-far")?.remove();
    if (focused) section.querySelector(".imp-next a")?.focus();
  });
})();
