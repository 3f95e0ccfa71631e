/* The credits of a book: rows are added, taken out and put in order without the server.
   Without this file the same buttons are sent, and the server answers with the changed form. */
"use strict";

(() => {
  const EDGE = 60; // pixels from the edge of the window, within which dragging scrolls

  const announce = (text) => {
    const region = document.getElementById("announce");
    if (!region) return;
    region.textContent = "";
    requestAnimationFrame(() => { region.textContent = text; });
  };

  const setOf = (element) => element.closest("[data-credits]");
  const listOf = (set) => set.querySelector("[data-credit-rows]");
  const rowsOf = (set) => [...listOf(set).querySelectorAll("[data-credit]:not([hidden])")];
  const authorOf = (row) => row.querySelector("[data-pick] input[type=text]");
  const nameOf = (row) => authorOf(row).value.trim() || setOf(row).dataset.nobody;
  const said = (set, name, values) => set.dataset[name].replace(/%(\w+)%/g, (_, key) => values[key] ?? "");
  const changed = (element) => {
    for (const name of ["input", "change"]) element.dispatchEvent(new Event(name, { bubbles: true }));
  };

  const label = (row, place) => {
    const set = setOf(row);
    const values = { name: nameOf(row), place };
    row.setAttribute("aria-label", said(set, "group", values));
    for (const name of ["up", "down", "remove"]) {
      row.querySelector(`[data-credit-${name}]`).setAttribute("aria-label", said(set, name, values));
    }
  };

  const number = (set) => {
    const rows = rowsOf(set);
    rows.forEach((row, place) => {
      row.querySelector("[name$=-position]").value = place + 1;
      label(row, place + 1);
    });
    set.querySelector("[data-credit-add]").disabled = rows.length >= Number(set.dataset.most);
  };

  // --- Adding and taking out --------------------------------------------------------------
  const add = (set) => {
    const rows = rowsOf(set);
    if (rows.length >= Number(set.dataset.most)) {
      announce(set.dataset.full);
      return;
    }
    const numbers = [...listOf(set).querySelectorAll("[data-credit]")].map((row) => Number(row.dataset.credit.split("-").pop()));
    const next = Math.max(-1, ...numbers) + 1;
    const html = set.querySelector("[data-credit-template]").innerHTML.replaceAll("__prefix__", next);
    listOf(set).insertAdjacentHTML("beforeend", html);
    const row = listOf(set).lastElementChild;
    window.htmx?.process(row);
    row.dispatchEvent(new Event("colophon:added", { bubbles: true }));
    number(set);
    authorOf(row).focus();
    announce(set.dataset.added);
  };

  const remove = (row) => {
    const set = setOf(row);
    const rows = rowsOf(set);
    const place = rows.indexOf(row);
    const name = nameOf(row);
    const deleted = document.createElement("input");
    Object.assign(deleted, { type: "hidden", name: `${row.dataset.credit}-DELETE`, value: "on" });
    row.append(deleted);
    row.hidden = true;
    const isEmpty = !authorOf(row).value.trim();
    if (!isEmpty) {
      const gone = set.querySelector("template[data-credit-gone]").content.firstElementChild.cloneNode(true);
      gone.firstElementChild.textContent = said(set, "removed", { name });
      row.after(gone);
    }
    number(set);
    const next = rows[place + 1] ?? rows[place - 1];
    (isEmpty || !row.nextElementSibling ? (next ? authorOf(next) : set.querySelector("[data-credit-add]"))
      : row.nextElementSibling.querySelector("button")).focus();
    announce(said(set, "removed", { name }));
    changed(deleted);
  };

  const putBack = (button) => {
    const gone = button.closest("[data-credit-gone]");
    const row = gone.previousElementSibling;
    const set = setOf(row);
    row.querySelector("[name$=-DELETE]").remove();
    row.hidden = false;
    gone.remove();
    number(set);
    authorOf(row).focus();
    announce(said(set, "back", { name: nameOf(row) }));
    changed(row.querySelector("[name$=-position]"));
  };

  // --- Order --------------------------------------------------------------------------------
  const place = (row) => rowsOf(setOf(row)).indexOf(row);

  const tell = (row) => {
    const set = setOf(row);
    number(set);
    const values = { name: nameOf(row), place: place(row) + 1, all: rowsOf(set).length };
    announce(said(set, "moved", values));
    changed(row.querySelector("[name$=-position]"));
  };

  const move = (row, step, button) => {
    const set = setOf(row);
    const other = rowsOf(set)[place(row) + step];
    if (!other) {
      announce(said(set, step < 0 ? "first" : "last", { name: nameOf(row) }));
      return;
    }
    if (step < 0) other.before(row);
    else other.after(row);
    button.focus(); // moving an element takes the focus from it
    tell(row);
  };

  let drag = null;

  const begin = (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button !== 0) return;
    const row = grip.closest("[data-credit]");
    event.preventDefault();
    drag = { row, grip, pointer: event.pointerId, from: place(row), next: row.nextElementSibling, focused: document.activeElement };
    row.classList.add("dragged");
    document.documentElement.classList.add("dragging");
  };

  const follow = (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    event.preventDefault();
    if (event.clientY < EDGE) window.scrollBy(0, -12);
    else if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, 12);
    const { row } = drag;
    for (const other of rowsOf(setOf(row))) {
      if (other === row) continue;
      const box = other.getBoundingClientRect();
      const middle = box.top + box.height / 2;
      const follows = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (follows && event.clientY > middle) other.after(row);
      else if (!follows && event.clientY < middle) {
        other.before(row);
        break;
      }
    }
  };

  const end = (event, cancelled = false) => {
    if (!drag || (event.pointerId !== undefined && event.pointerId !== drag.pointer)) return;
    const { row, from, next, focused } = drag;
    if (cancelled) listOf(setOf(row)).insertBefore(row, next);
    row.classList.remove("dragged");
    document.documentElement.classList.remove("dragging");
    drag = null;
    if (focused && focused !== document.activeElement && row.contains(focused)) focused.focus();
    if (place(row) !== from) tell(row);
  };

  document.addEventListener("pointerdown", begin);
  document.addEventListener("pointermove", follow, { passive: false });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", (event) => end(event, true));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag) end(event, true);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button || !setOf(button)) return;
    const row = button.closest("[data-credit]");
    const actions = {
      creditAdd: () => add(setOf(button)),
      creditUp: () => move(row, -1, button),
      creditDown: () => move(row, 1, button),
      creditRemove: () => remove(row),
      creditBack: () => putBack(button),
    };
    const name = Object.keys(actions).find((key) => key in button.dataset);
    if (!name) return;
    event.preventDefault();
    actions[name]();
  });

  document.addEventListener("change", (event) => {
    const row = event.target.closest?.("[data-credit]");
    if (row && event.target === authorOf(row)) label(row, place(row) + 1);
  });
})();
