/* Keyboard shortcuts. A page declares them where they lead: data-key="e" on a link or a button
   presses it, on a field goes there. In a row of a list it is meant for that row. The sheet that
   “?” opens comes from the server (site_config/shortcuts.py) and shows what this page has. */
"use strict";

(() => {
  const EVENT = { beforeRequest: "htmx:beforeRequest", afterSettle: "htmx:afterSettle" };
  const ROWS = "main .books > tbody > tr, main .tiles > li, main [data-rows] > *"; // as in shortcuts.py
  const MEMORY = "single-keys";
  const root = document.documentElement;
  const sheet = document.getElementById("shortcuts");
  const onMac = /Mac|iPhone|iPad/.test(navigator.userAgentData?.platform ?? navigator.platform);

  // --- Switched on or off (WCAG 2.1.4) ----------------------------------------------------
  const areOn = () => root.dataset.singleKeys !== "off";

  const remembered = () => {
    try { return localStorage.getItem(MEMORY); } catch { return null; } // storage may be forbidden
  };

  const remember = (on) => {
    try { localStorage.setItem(MEMORY, on ? "on" : "off"); } catch { /* until the next page, then */ }
  };

  // Screen readers are told of a shortcut only where it works: here, and while it is on.
  const announce = () => {
    for (const element of document.querySelectorAll("[data-key]")) {
      if (areOn()) element.setAttribute("aria-keyshortcuts", element.dataset.key);
      else element.removeAttribute("aria-keyshortcuts");
    }
  };

  const switchTo = (on) => {
    if (on) delete root.dataset.singleKeys;
    else root.dataset.singleKeys = "off";
    for (const box of document.querySelectorAll("[data-single-keys]")) {
      if (box instanceof HTMLInputElement) box.checked = on;
    }
    announce();
  };

  // --- What a key means here --------------------------------------------------------------
  const isShown = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const rows = () => [...document.querySelectorAll(ROWS)].filter(isShown);
  const current = () => document.activeElement?.closest(ROWS);
  const opener = (row) =>
    row.querySelector("[data-open]") ?? row.querySelector("a[href]:not([tabindex='-1'])");

  const marked = (key) => {
    const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)]
      .filter((element) => isShown(element) && !element.disabled);
    const row = current();
    return (
      all.find((element) => row?.contains(element)) ??
      all.find((element) => element.closest("main") && !element.closest(ROWS)) ??
      all.find((element) => !element.closest(ROWS))
    );
  };

  const use = (element) => {
    if (element.matches("input:not([type=submit], [type=button]), textarea, select")) {
      element.focus();
      element.select?.();
    } else {
      element.click();
    }
  };

  const move = (step) => {
    // Past the last row is the way to the next page, before the first the way to the one before.
    const stops = rows().map(opener).filter(Boolean);
    if (!stops.length) return;
    const here = stops.indexOf(current() && opener(current()));
    const [previous, next] = ["prev", "next"].map((way) => document.querySelector(`main a[rel=${way}]`));
    let stop = stops[here + step];
    if (here < 0) stop = document.activeElement === next && step < 0 ? stops.at(-1) : stops[0];
    (stop ?? (step > 0 ? next : previous))?.focus();
  };

  const ROW_KEYS = {
    j: () => move(1),
    k: () => move(-1),
    o: () => current() && opener(current())?.click(),
    x: () => current()?.querySelector("input[type=checkbox]")?.click(),
  };

  const isTyping = (element) =>
    element.isContentEditable ||
    (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) &&
      !/^(checkbox|radio|submit|button|reset|image|file|range)$/.test(element.type));

  const keyOf = (event) => {
    const key = event.key.toLowerCase();
    // Other alphabets: what lies where the Latin letter is.
    return key < "\u0080" ? key : (/^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? key);
  };

  document.addEventListener("keydown", (event) => {
    if (!areOn() || event.defaultPrevented || event.isComposing || event.key.length !== 1) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const key = keyOf(event);
    if (event.shiftKey && /[a-z0-9]/.test(key)) return;
    const dialog = document.querySelector("dialog[open]");
    if (dialog) {
      if (dialog === sheet && key === "?") sheet.close();
      return; // the page behind it must not move
    }
    if (key in ROW_KEYS && rows().length) {
      event.preventDefault();
      ROW_KEYS[key]();
      return;
    }
    const element = marked(key);
    if (!element) return;
    event.preventDefault(); // Firefox would search in the page, the field would get the letter
    if (!event.repeat) use(element);
  });

  // --- The sheet --------------------------------------------------------------------------
  const open = () => {
    for (const entry of sheet.querySelectorAll("[data-needs]")) {
      const found = document.querySelector(entry.dataset.needs);
      entry.hidden = !found;
      // “Add an author”, where that is what it does.
      if (found?.matches("a[data-key=n]")) entry.querySelector("dt").textContent = marked("n").textContent;
    }
    for (const group of sheet.querySelectorAll("section")) {
      group.hidden = !group.querySelector("[data-needs]:not([hidden])");
    }
    if (!sheet.open) sheet.showModal();
  };

  const prepare = () => {
    switchTo(areOn());
    if (!onMac) return;
    for (const key of document.querySelectorAll(".keys kbd")) if (key.textContent === "Ctrl") key.textContent = "⌘";
  };

  document.addEventListener(EVENT.beforeRequest, (event) => {
    if (event.detail.target !== sheet || !sheet.childElementCount) return;
    event.preventDefault(); // it is here already
    open();
  });
  document.addEventListener(EVENT.afterSettle, (event) => {
    prepare();
    if (event.detail.target === sheet) open();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-single-keys]")) return;
    remember(event.target.checked);
    switchTo(event.target.checked);
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close(); // the backdrop
  });

  if (remembered() === "off") root.dataset.singleKeys = "off";
  prepare();
})();
