/* Everything the pages do in the browser beyond htmx. Pages work without it. */
"use strict";

(() => {
  // htmx renames its events in version 4: they are named here and nowhere else.
  const EVENT = {
    configRequest: "htmx:configRequest",
    beforeSend: "htmx:beforeSend",
    afterRequest: "htmx:afterRequest",
    confirm: "htmx:confirm",
    beforeSwap: "htmx:beforeSwap",
    afterSettle: "htmx:afterSettle",
    responseError: "htmx:responseError",
    unreachable: "htmx:sendError",
    historyRestored: "htmx:historyRestore",
  };
  const TOAST_SECONDS = 8;
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // --- Toasts ---------------------------------------------------------------------------
  const dismiss = (toast) => {
    const hadFocus = toast.contains(document.activeElement);
    toast.remove();
    // The keyboard goes on at the next message, or in the page.
    if (hadFocus) (byId("toasts").querySelector("button") ?? byId("main")).focus();
  };

  const expire = (toast) => {
    // What went wrong or can be undone stays until it is dismissed; so does what someone is reading.
    if (toast.matches(".note-error, .note-warning, .note:has(form)")) return;
    let timer;
    const hold = () => clearTimeout(timer);
    const wait = () => {
      hold();
      timer = setTimeout(() => {
        if (!toast.matches(":hover, :focus-within")) dismiss(toast);
      }, TOAST_SECONDS * 1000);
    };
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, wait);
    wait();
  };

  const toast = (text, level) => {
    // Said already, and still there to be read.
    if ([...byId("toasts").children].some((note) => note.querySelector("p")?.textContent === text)) return;
    const note = byId("toast").content.firstElementChild.cloneNode(true);
    note.classList.add(`note-${level}`);
    note.querySelector("p").textContent = text;
    byId("toasts").append(note);
  };

  // Also those that come with a fragment.
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.matches?.("[data-toast]")) expire(node);
    }
  }).observe(byId("toasts"), { childList: true });

  const showFailure = (status) => {
    const sentences = byId("failures").dataset;
    toast(sentences[status] ?? sentences.other, "error");
  };

  // --- Unsaved work ---------------------------------------------------------------------
  // A form with `data-unsaved` is not left without asking; `data-leave` has the words.
  const unsaved = () => document.querySelector("form[data-unsaved]");

  window.addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
  // htmx leaves a page without unloading it: then we ask ourselves, in the same words.
  document.addEventListener(EVENT.confirm, (event) => {
    const { elt, verb } = event.detail;
    const form = unsaved();
    if (!form || form.contains(elt) || verb !== "get") return;
    const leaves = elt.closest("[hx-boost=true]") || elt.hasAttribute("hx-push-url");
    if (leaves && !window.confirm(form.dataset.leave)) event.preventDefault();
  });

  // Whoever was signed out meanwhile is asked to sign in, and what was typed comes along: a plain
  // form can be answered with a page.
  const signIn = (form) => {
    delete form.dataset.unsaved;
    form.submit();
  };

  // --- Errors and waiting ---------------------------------------------------------------
  const focusFirstError = (within) => {
    // Not in a list of rejected rows, each of which is a form of its own.
    const wrong = within.querySelector(":is(input, select, textarea).is-invalid:not([type=hidden], .imp-correct *)");
    if (!wrong) return;
    for (let fold = wrong.closest("details:not([open])"); fold; fold = fold.closest("details:not([open])")) {
      fold.open = true;
    }
    wrong.focus();
  };

  // Asking about one field leaves the focus where it is: only a form that was sent and refused moves it.
  const wasRefused = ({ elt, xhr }) => xhr?.status === 422 && elt.matches("form, button, [type=submit]");

  const underway = new Set(); // requests, since several may be on their way at once

  const showBusy = (xhr, begins) => {
    underway[begins ? "add" : "delete"](xhr);
    byId("busy").classList.toggle("htmx-request", underway.size > 0);
  };

  // --- Theme ----------------------------------------------------------------------------
  const switchTheme = (form, button) => {
    const chosen = button.value;
    if (chosen === "system") delete root.dataset.bsTheme;
    else root.dataset.bsTheme = chosen;
    const scheme = document.querySelector("meta[name=color-scheme]");
    scheme.content = chosen === "system" ? "light dark" : chosen;
    for (const other of form.querySelectorAll("button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const body = new FormData(form);
    body.set("theme", chosen);
    fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } })
      .then((answer) => { if (!answer.ok) showFailure(answer.status); })
      .catch(() => showFailure("offline"));
  };

  // --- Menus ----------------------------------------------------------------------------
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };

  // --- After a swap ---------------------------------------------------------------------
  let swapped = null; // what had the focus when its surroundings were replaced

  const label = (link) => link.firstChild?.textContent.trim();

  const rememberFocus = (target) => {
    const focused = document.activeElement;
    if (!target.contains(focused) || focused === target) return;
    swapped = { target: target.id, facet: focused.closest("#filters ul")?.id, label: label(focused) };
  };

  const restoreFocus = () => {
    // htmx keeps the focus by id. A filter is found again by its words. Where nothing is left
    // to go back to (the last page has no “Next”) the results take it, so that the keyboard
    // goes on from there.
    const lost = !document.activeElement || document.activeElement === document.body;
    if (swapped && lost) {
      const links = swapped.facet ? byId(swapped.facet)?.querySelectorAll("a") ?? [] : [];
      const same = [...links].find((link) => label(link) === swapped.label);
      (same?.offsetParent ? same : byId(swapped.target))?.focus({ preventScroll: true });
    }
    swapped = null;
  };

  const syncSearch = () => {
    const box = byId("q");
    if (!box || box === document.activeElement || !byId("results")) return;
    box.value = new URLSearchParams(location.search).get("q") ?? "";
  };

  // --- Listening ------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) menu.querySelector("summary").focus();
    closeMenus();
  });

  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));
    const button = event.target.closest("[data-dismiss]");
    if (button) dismiss(button.closest("[data-toast]"));
  });

  document.addEventListener("submit", (event) => {
    // The menu's form also signs out: only a theme is switched here.
    if (event.target.matches("[data-theme-form]") && event.submitter?.name === "theme") {
      event.preventDefault();
      switchTheme(event.target, event.submitter);
    }
  });

  document.addEventListener(EVENT.configRequest, (event) => {
    // What is not asked for stays out of the address: `/books/`, not `/books/?q=`.
    if (event.detail.verb !== "get") return;
    const { parameters } = event.detail;
    for (const [name, value] of [...parameters.entries()]) if (value === "") parameters.delete(name);
  });
  document.addEventListener(EVENT.beforeSend, (event) => showBusy(event.detail.xhr, true));
  document.addEventListener(EVENT.afterRequest, (event) => showBusy(event.detail.xhr, false));
  document.addEventListener(EVENT.beforeSwap, (event) => rememberFocus(event.detail.target));
  document.addEventListener(EVENT.afterSettle, (event) => {
    restoreFocus();
    syncSearch();
    const { target } = event.detail;
    if (wasRefused(event.detail)) focusFirstError(target.isConnected ? target : byId("main"));
  });
  document.addEventListener(EVENT.historyRestored, syncSearch);
  document.addEventListener(EVENT.responseError, (event) => {
    const { elt, xhr } = event.detail;
    const form = xhr.getResponseHeader("X-Sign-In") && elt.closest("form");
    if (form) signIn(form);
    else showFailure(xhr.status);
  });
  document.addEventListener(EVENT.unreachable, () => showFailure("offline"));

  focusFirstError(byId("main"));
  for (const note of document.querySelectorAll("[data-toast]")) expire(note);
})();
