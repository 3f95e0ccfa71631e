/* The table of books for people who may change it: rows are selected, cells changed where they
   stand. Without this file boxes and links do the same on pages of their own. */
"use strict";

(() => {
  // htmx renames its events in version 4: they are named here and nowhere else.
  const EVENT = {
    beforeSwap: "htmx:beforeSwap",
    afterSwap: "htmx:afterSwap",
    afterSettle: "htmx:afterSettle",
    responseError: "htmx:responseError",
  };
  const SELECTED = "books-selected"; // in the storage of this tab
  const byId = (id) => document.getElementById(id);

  // --- Cells ------------------------------------------------------------------------------
  const shown = new WeakMap(); // what stood in a cell before its form
  let goOn = null; // after saving: { row, cell, step }, whose neighbour is opened; or `opens` itself
  let folded = [];

  const editors = () => [...document.querySelectorAll(".worked .cell-edit")];
  const nameOf = (link) => new URL(link.href).pathname.split("/").at(-2);
  const formIn = (cell) => cell?.querySelector("form[data-cell]");
  const valueOf = (form) => new URLSearchParams(new FormData(form)).toString();

  const open = (link) => {
    const cell = link.closest("td");
    const other = document.querySelector(".worked form[data-cell]");
    if (other && valueOf(other) !== other.dataset.before) {
      // What was typed there is saved first; this one is opened when it is.
      goOn = { row: link.closest("tr").id, cell: nameOf(link), step: 0, opens: true };
      if (!other.matches(".htmx-request")) other.requestSubmit();
      return;
    }
    if (other) cancel(other.closest("td"), false);
    // Settled at once: whoever types on has the form's scripts under their fingers, not 20 ms later.
    htmx.ajax("GET", link.href, { target: cell, swap: "innerHTML settle:0s", source: link });
  };

  const cancel = (cell, focus = true) => {
    if (!shown.has(cell)) return;
    const { html, name } = shown.get(cell);
    shown.delete(cell);
    cell.innerHTML = html;
    htmx.process(cell);
    if (focus) [...cell.querySelectorAll(".cell-edit")].find((link) => nameOf(link) === name)?.focus();
  };

  const neighbour = (row, name, step) => {
    const all = editors();
    const here = all.findIndex((link) => link.closest("tr").id === row && nameOf(link) === name);
    return here < 0 ? null : all[here + step];
  };

  const submit = (form, step = 0) => {
    const cell = form.closest("td");
    const place = { row: cell.closest("tr").id, cell: cell.dataset.cell, step };
    if (valueOf(form) === form.dataset.before && !form.querySelector(".is-invalid, .conflict")) {
      cancel(cell, step === 0);
      const next = step && neighbour(place.row, place.cell, step);
      if (next) open(next);
      else if (step) neighbour(place.row, place.cell, 0)?.focus();
      return;
    }
    goOn = place;
    form.requestSubmit();
  };

  document.addEventListener("submit", (event) => {
    // By its button: the keyboard goes on at the cell. Not where one has clicked elsewhere.
    const form = event.target;
    if (!form.matches(".worked form[data-cell]") || goOn || !form.contains(document.activeElement)) return;
    const cell = form.closest("td");
    goOn = { row: cell.closest("tr").id, cell: cell.dataset.cell, step: 0 };
  });

  const isPicking = (target) => target.getAttribute("aria-expanded") === "true";

  document.addEventListener("click", (event) => {
    const link = event.target.closest(".worked .cell-edit");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link && plain) {
      event.preventDefault();
      open(link);
    }
    const cancelling = event.target.closest(".worked [data-cell-cancel]");
    if (cancelling) {
      event.preventDefault();
      cancel(cancelling.closest("td"));
    }
  });

  document.addEventListener("dblclick", (event) => {
    const cell = event.target.closest(".worked td");
    if (!cell || formIn(cell) || event.target.closest("a, input")) return;
    const link = cell.querySelector(".cell-edit");
    if (!link) return;
    getSelection()?.removeAllRanges();
    open(link);
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".worked form[data-cell]");
    // An open list of suggestions has Escape and Enter for itself.
    if (!form || event.defaultPrevented || event.isComposing || isPicking(event.target)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      cancel(form.closest("td"));
    } else if (event.key === "Enter" && event.target.matches("input:not([type=radio]), select")) {
      event.preventDefault();
      submit(form);
    } else if (event.key === "Tab" && !event.altKey && !event.ctrlKey) {
      const inputs = [...form.querySelectorAll("input:not([type=hidden]), select")];
      const last = event.shiftKey ? inputs[0] : inputs.at(-1);
      if (event.target !== last) return; // price, then currency
      event.preventDefault();
      submit(form, event.shiftKey ? -1 : 1);
    }
  });

  // Clicking elsewhere keeps what was typed.
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.(".worked form[data-cell]");
    if (!form) return;
    setTimeout(() => {
      if (!form.isConnected || form.contains(document.activeElement) || !document.hasFocus()) return;
      if (form.matches(".htmx-request") || form.querySelector(".is-invalid, .conflict")) return;
      if (valueOf(form) === form.dataset.before) cancel(form.closest("td"), false);
      else form.requestSubmit();
    });
  });

  document.addEventListener(EVENT.beforeSwap, (event) => {
    const { target, xhr } = event.detail;
    const cell = target.closest?.(".worked td");
    if (cell && target === cell && !formIn(cell)) {
      const name = new URL(xhr.responseURL).pathname.split("/").at(-2);
      shown.set(cell, { html: cell.innerHTML, name });
      cell.dataset.cell = name;
    }
    folded = [...document.querySelectorAll("#filters details[open]")].map((fold) => fold.closest(".facet").querySelector("ul").id);
  });

  document.addEventListener(EVENT.afterSwap, (event) => {
    for (const id of folded) {
      const fold = byId(id)?.closest(".facet")?.querySelector("details");
      if (fold) fold.open = true;
    }
    const cell = event.detail.target.closest?.("td");
    const form = formIn(cell);
    if (!form) return;
    // What stood there keeps its room behind the form: no column changes its width.
    if (cell === event.detail.target) cell.insertAdjacentHTML("afterbegin", shown.get(cell)?.html ?? "");
    // What stands in the form when it is opened; a picker may put more into it meanwhile.
    form.dataset.before ??= valueOf(form);
    const first = form.querySelector(".conflict input[type=radio]") ?? form.querySelector("input:not([type=hidden]), select");
    first?.focus();
    if (!form.querySelector(".is-invalid")) first?.select?.();
  });

  document.addEventListener(EVENT.afterSettle, (event) => {
    // Only now: until it settles, an element has the classes of the one that it replaces.
    formIn(event.detail.target.closest?.("td"))?.querySelector(".is-invalid")?.focus();
    if (!goOn || event.detail.xhr?.status === 422) {
      goOn = null;
      return;
    }
    const { row, cell, step, opens } = goOn;
    goOn = null;
    const here = neighbour(row, cell, 0);
    const next = step ? neighbour(row, cell, step) : opens && here;
    if (next) open(next);
    else here?.focus();
  });
  document.addEventListener(EVENT.responseError, () => { goOn = null; });

  // --- Selecting rows ---------------------------------------------------------------------
  // Kept for this tab while one pages through a list or sorts it. Another filter is another
  // list, whose rows were not meant: the selection is dropped.
  const bulk = () => byId("bulk");
  const boxes = () => [...document.querySelectorAll(".worked tbody input[name=id]")];
  let last = null; // the box that was clicked last, for ranges

  const listOf = () => {
    const query = new URLSearchParams(location.search);
    for (const name of ["page", "sort", "view"]) query.delete(name);
    query.sort();
    return `${location.pathname}?${query}`;
  };

  const read = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(SELECTED) ?? "{}");
      return new Set(kept.list === listOf() ? kept.ids : []);
    } catch {
      return new Set();
    }
  };

  const write = (ids) => {
    try {
      if (ids.size) sessionStorage.setItem(SELECTED, JSON.stringify({ list: listOf(), ids: [...ids] }));
      else sessionStorage.removeItem(SELECTED);
    } catch { /* storage may be forbidden: then only this page counts */ }
  };

  let selected = new Set();

  const show = () => {
    const form = bulk();
    if (!form) return;
    const here = boxes();
    const all = form.elements.all.checked;
    for (const box of here) {
      box.disabled = all;
      if (!all) box.checked = selected.has(box.value);
    }
    const ticked = here.filter((box) => box.checked).length;
    const page = form.elements.page;
    page.disabled = all;
    page.checked = ticked > 0 && ticked === here.length;
    page.indeterminate = ticked > 0 && ticked < here.length;
    const { dataset } = form;
    const elsewhere = selected.size - ticked;
    let text = "";
    if (all) text = dataset.everything;
    else if (elsewhere > 0) text = dataset.elsewhere.replace("%(n)s", selected.size).replace("%(m)s", elsewhere);
    else if (ticked) text = dataset.selected.replace("%(n)s", ticked);
    const count = form.querySelector("[data-count]");
    if (count.textContent !== text) count.textContent = text;
  };

  const tick = (box, on) => {
    if (on) selected.add(box.value);
    else selected.delete(box.value);
  };

  const begin = () => {
    // What becomes of them is decided on this page; when one comes back they are done with.
    if (document.querySelector("[data-selection-arrived]")) write(new Set());
    if (!bulk()) return;
    selected = read();
    last = null;
    // Boxes that the browser has kept ticked over a reload.
    for (const box of boxes()) if (box.checked) selected.add(box.value);
    write(selected);
    show();
  };

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".worked tbody input[name=id]");
    if (!box) return;
    const here = boxes();
    const from = last ? here.indexOf(last) : -1;
    if (event.shiftKey && from >= 0) {
      const to = here.indexOf(box);
      for (const each of here.slice(Math.min(from, to), Math.max(from, to) + 1)) tick(each, box.checked);
    } else {
      tick(box, box.checked);
    }
    last = box;
    write(selected);
    show();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("#bulk [name=page]")) {
      for (const box of boxes()) tick(box, event.target.checked);
      write(selected);
      show();
    } else if (event.target.matches("#bulk [name=all]")) {
      show();
    }
  });

  document.addEventListener("submit", (event) => {
    if (event.target !== bulk()) return;
    const here = new Set(boxes().map((box) => box.value));
    let more = event.target.elements.more;
    if (!more) {
      more = document.createElement("input");
      Object.assign(more, { type: "hidden", name: "more" });
      event.target.append(more);
    }
    more.value = [...selected].filter((id) => !here.has(id)).join(",");
  });

  document.addEventListener(EVENT.afterSettle, (event) => {
    if (event.detail.target.id === "results") begin();
    else if (event.detail.target.closest?.(".worked")) show();
  });
  window.addEventListener("pageshow", begin);
  begin();
})();
