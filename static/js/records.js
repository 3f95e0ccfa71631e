/* The pages of records. Everything there works without this file. */
"use strict";

(() => {
  // A note that is being typed is unsaved work: app.js asks before it is left.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#notes form[data-leave]");
    form?.toggleAttribute("data-unsaved", event.target.value.trim() !== "");
  });
})();
