/* Forms of records: what the server says about single fields, Enter and Ctrl+S, one save at a
   time, and that something is not saved yet. The forms work without all of it. */
"use strict";

(() => {
  const EVENT = {
    afterSwap: "htmx:afterSwap",
    oobAfterSwap: "htmx:oobAfterSwap",
  };
  const FORM = "form[data-editing]";
  const form = document.querySelector(FORM);
  if (!form) return;
  const announcer = document.getElementById("announce");

  // --- What the server says about a field -------------------------------------------------
  const labelOf = (input) => input.labels?.[0]?.firstChild?.textContent.trim() ?? "";

  const inputOf = (feedback) => {
    const name = feedback.id.slice("feedback_".length);
    return document.getElementById(`id_${name}`);
  };

  const judge = (feedback) => {
    const input = inputOf(feedback);
    const said = feedback.querySelector("[data-said]");
    const state = said?.dataset.said ?? "";
    if (input) {
      input.classList.toggle("is-invalid", state === "error");
      input.classList.toggle("is-checked", state === "ok");
      if (state === "error") input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    const text = said?.textContent.trim() ?? "";
    const before = feedback.dataset.text ?? "";
    feedback.dataset.text = text;
    return input && text && text !== before ? `${labelOf(input)}: ${text}` : "";
  };

  // One live region for the page: the fields' own texts are read when one comes to them.
  let pending = [];
  const announce = (text) => {
    if (!text) return;
    if (!pending.length) {
      setTimeout(() => { announcer.textContent = pending.join(" "); pending = []; }, 50);
    }
    pending.push(text);
  };

  const swapped = (event) => {
    const { target } = event.detail;
    if (target?.id?.startsWith("feedback_") && form.contains(target)) announce(judge(target));
  };
  for (const name of [EVENT.afterSwap, EVENT.oobAfterSwap]) document.addEventListener(name, swapped);
  for (const feedback of form.querySelectorAll(".feedback")) {
    feedback.dataset.text = feedback.querySelector("[data-said]")?.textContent.trim() ?? "";
  }

  // --- Two values to choose from ------------------------------------------------------------
  form.addEventListener("input", (event) => {
    // Who goes on typing in a field has decided for their own value.
    const field = event.target.closest(".field");
    const conflict = field?.querySelector("[data-conflict]");
    if (!conflict || conflict.contains(event.target)) return;
    conflict.querySelector("input[value=mine]").checked = true;
  });

  // --- Unsaved changes: app.js asks before they are left -----------------------------------
  const note = form.querySelector("[data-unsaved-note]");

  const changed = () => {
    form.dataset.unsaved = "";
    if (note) note.hidden = false;
  };
  const counts = (target) => target.name && target.form === form && target.type !== "submit";
  for (const name of ["input", "change"]) {
    form.addEventListener(name, (event) => {
      if (counts(event.target) || event.detail?.changed) changed();
    });
  }
  if ("unsaved" in form.dataset) changed();

  // --- Saving once -----------------------------------------------------------------------
  let saving = false;
  let wasUnsaved = false;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (saving) {
      event.preventDefault();
      return;
    }
    saving = true;
    wasUnsaved = "unsaved" in form.dataset;
    delete form.dataset.unsaved;
    // After the browser has collected the values: a disabled button would not be among them.
    setTimeout(() => {
      for (const button of form.querySelectorAll(".record-actions button")) {
        button.setAttribute("aria-disabled", "true");
        button.classList.add("disabled");
      }
    });
  });
  window.addEventListener("pageshow", (event) => {
    // Back from the next page, out of the browser's memory.
    if (!event.persisted) return;
    saving = false;
    if (wasUnsaved) changed();
    for (const button of form.querySelectorAll("[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
      button.classList.remove("disabled");
    }
  });

  const save = () => {
    const button = form.querySelector("[data-save]");
    if (button && !saving) form.requestSubmit(button);
  };

  // --- Keys ------------------------------------------------------------------------------
  const stops = () =>
    [...form.querySelectorAll("input, select, textarea, button")].filter(
      (element) =>
        !element.disabled && element.type !== "hidden" && element.tabIndex >= 0 && element.offsetParent,
    );

  const goOn = (input) => {
    const all = stops();
    const next = all[all.indexOf(input) + 1];
    next?.focus();
    next?.select?.();
  };

  const isLine = (element) =>
    element.tagName === "INPUT" && !/^(button|submit|reset|checkbox|radio|file|image)$/.test(element.type);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const combined = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (combined && event.key.toLowerCase() === "s") {
      event.preventDefault();
      if (!event.repeat) save();
    } else if (combined && event.key === "Enter" && form.contains(event.target)) {
      event.preventDefault();
      if (!event.repeat) save();
    } else if (event.key === "Enter" && !combined && event.target.form === form && isLine(event.target)) {
      // A hand scanner ends with Enter: it goes on from the ISBN. Elsewhere Enter saves.
      event.preventDefault();
      if (event.target.name === "isbn") goOn(event.target);
      else if (!event.repeat) save();
    }
  });
})();
