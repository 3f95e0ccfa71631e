/* The pages of records. Everything there works without this file. */
"use strict";

(() => {
  const EVENT = { responseError: "htmx:responseError" };

  // Whoever was signed out meanwhile is asked to sign in, and the note comes along: a plain form
  // can be answered with a page.
  document.addEventListener(EVENT.responseError, (event) => {
    const form = event.target.closest?.("#notes form");
    if (form && [401, 403].includes(event.detail.xhr.status)) form.submit();
  });
})();
