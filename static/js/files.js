// Pictures and attached files: dropping, pasting, checks before sending, progress. htmx sends.
// Everything works without this: then files travel with their form.
"use strict";
(() => {
  // htmx renames its events in version 4: they are named here and nowhere else in this file.
  const EVENT = {
    beforeRequest: "htmx:beforeRequest",
    afterRequest: "htmx:afterRequest",
    afterSwap: "htmx:afterSwap",
    progress: "htmx:xhr:progress",
    abort: "htmx:abort",
  };
  const FIELD = "[data-picture], [data-attach]";
  const find = (field, part) => field.querySelector(`[data-${part}]`);
  const input = (field) => field.querySelector("input[type=file]");
  const isPicture = (file) => file.type.startsWith("image/");

  const say = (field, sentence) => { find(field, "said").textContent = sentence; };

  function complain(field, sentence) {
    const wrong = find(field, "wrong");
    wrong.querySelector("span").textContent = sentence;
    wrong.hidden = !sentence;
    if (sentence) wrong.setAttribute("role", "alert");
    field.classList.toggle("is-invalid", Boolean(sentence));
    const box = input(field);
    box.classList.toggle("is-invalid", Boolean(sentence));
    if (sentence) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
    const others = (box.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== wrong.id);
    box.setAttribute("aria-describedby", [...others, ...(sentence ? [wrong.id] : [])].join(" "));
  }

  function problem({ dataset: said }, file) {
    if (file.size === 0) return said.empty;
    return file.size > Number(said.maxBytes) ? said.tooLarge : "";
  }

  function carry(box, files) {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    box.files = carrier.files;
  }

  // What is dropped or pasted goes through the file input, as if it had been chosen there.
  function take(field, files) {
    if (!files.length) return;
    const box = input(field);
    if (!box.multiple && files.length > 1) {
      complain(field, field.dataset.one);
      return;
    }
    carry(box, files);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // --- Choosing: in the capture phase, so that a refused file never reaches htmx. The others of
  // several do not wait for it.
  let refused = ""; // what is said of it once the others are there
  document.addEventListener("change", (event) => {
    const field = event.target.type === "file" && event.target.closest?.(FIELD);
    if (!field) return;
    if (!event.target.files.length) { // nothing was chosen in the end: what was said still holds
      event.stopPropagation();
      return;
    }
    const files = [...event.target.files];
    const wrong = files.filter((file) => problem(field, file));
    const said = (file) => (files.length > 1 ? `${file.name}: ` : "") + problem(field, file);
    const sentence = wrong.map(said).join(" ");
    complain(field, sentence);
    refused = wrong.length < files.length ? sentence : "";
    if (!wrong.length) return;
    if (refused) {
      carry(event.target, files.filter((file) => !wrong.includes(file)));
      return;
    }
    event.stopPropagation();
    event.target.value = "";
  }, true);

  // --- Dropping. A file dropped beside the field must not replace the page.
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const fieldAt = (event) => event.target.closest?.(FIELD) ?? null;
  const mark = (over) => {
    for (const field of document.querySelectorAll(FIELD)) field.classList.toggle("is-over", field === over);
  };
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event) || !document.querySelector(FIELD)) return;
    event.preventDefault();
    const field = fieldAt(event);
    event.dataTransfer.dropEffect = field ? "copy" : "none";
    mark(field);
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(null); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event) || !document.querySelector(FIELD)) return;
    event.preventDefault();
    mark(null);
    const field = fieldAt(event);
    if (!field) return;
    take(field, [...event.dataTransfer.files]);
    input(field).focus();
  });

  // --- Pasting. A picture: anywhere in its form. Other files: where files are attached, or anywhere
  // on a page without a picture's field. Cells copied from a spreadsheet come as text and as a
  // picture of it: in a text field they stay text.
  const isText = (element) => element.closest?.("input:not([type=file]), textarea, [contenteditable]");
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (isText(event.target) && event.clipboardData.types.includes("text/plain")) return;
    const field = receiver(event.target);
    const files = field?.matches("[data-picture]") ? pasted.filter(isPicture).slice(0, 1) : pasted;
    if (!field || !files.length) return;
    event.preventDefault();
    take(field, files.map(named));
    input(field).focus();
  });

  function receiver(target) {
    const attach = target.closest?.("[data-attach]");
    const form = target.closest?.("form") ?? document;
    const picture = form.querySelector("[data-picture]") ?? document.querySelector("[data-picture]");
    if (attach || picture) return attach ?? picture;
    return isText(target) ? null : document.querySelector("[data-attach]");
  }

  // Browsers call everything that is pasted image.png, whatever the page's language.
  const named = (file) => new File([file], file.name || "image.png", { type: file.type });

  async function paste(field) {
    complain(field, "");
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find((name) => name.startsWith("image/"));
        if (!type) continue;
        take(field, [new File([await item.getType(type)], "image.png", { type })]);
        return;
      }
    } catch { /* refused by the person, or nothing that could be read */ }
    complain(field, field.dataset.nothing);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-paste], [data-cancel]");
    const field = button?.closest(FIELD);
    if (!field) return;
    if (button.matches("[data-paste]")) paste(field);
    else {
      input(field).value = "";
      window.htmx.trigger(input(field), EVENT.abort);
      settle(field);
      input(field).focus();
    }
  });

  // --- Sending.
  const told = new WeakMap();
  const sending = (event) => (event.target.type === "file" ? event.target.closest?.(FIELD) : null);

  function show(field, percent) {
    const bar = find(field, "progress").querySelector("progress");
    find(field, "progress").hidden = false;
    if (percent < 100) bar.value = percent;
    else bar.removeAttribute("value"); // sent; how long the rest takes nobody knows
    const step = percent < 100 ? Math.floor(percent / 25) * 25 : 100;
    if (told.get(field) === step) return; // said in quarters
    told.set(field, step);
    const said = field.dataset;
    say(field, step < 100 ? said.sending.replace("%s", String(step)) : said.working);
  }

  function settle(field) {
    find(field, "progress").hidden = true;
    told.delete(field);
    say(field, "");
  }

  document.addEventListener(EVENT.beforeRequest, (event) => {
    const field = sending(event);
    if (!field) return;
    told.delete(field);
    complain(field, ""); // of one that this one replaces
    show(field, 0);
  });
  document.addEventListener(EVENT.progress, (event) => {
    const field = sending(event);
    const { lengthComputable, loaded, total } = event.detail;
    if (field && lengthComputable && total) show(field, (loaded / total) * 100);
  });
  document.addEventListener(EVENT.afterRequest, (event) => {
    const field = sending(event);
    if (!field || !field.isConnected) return;
    settle(field);
    const { successful, xhr } = event.detail;
    if (!successful && xhr.status !== 422 && input(field).files.length) complain(field, field.dataset.failed);
  });

  document.addEventListener(EVENT.afterRequest, (event) => {
    // What its button has undone needs no message any more.
    if (event.detail.successful) event.target.closest?.("[data-toast]")?.remove();
  });

  // --- After a swap the new field says what has become of it, and the form hears of the change.
  function arrived(field) {
    const paster = find(field, "paste");
    if (paster) paster.hidden = !navigator.clipboard?.read;
  }

  // What was said about the one before, or shown of it, is no longer true.
  function replaced(field) {
    const around = field.closest(".field");
    const choice = around?.querySelector("[data-conflict]");
    if (!choice) around?.querySelector(".feedback").replaceChildren();
    const preview = choice && field.querySelector(".picture-now img");
    if (preview) choice.querySelector("[value=mine] ~ .value").replaceChildren(preview.cloneNode());
  }

  document.addEventListener(EVENT.afterSwap, (event) => {
    const target = event.detail.target?.id && document.getElementById(event.detail.target.id);
    const field = target?.matches?.(FIELD) ? target : target?.querySelector?.(FIELD);
    if (!field) return;
    arrived(field);
    const wrong = event.detail.xhr.status === 422;
    if (refused && !wrong) complain(field, refused);
    if (refused || wrong) input(field).focus();
    refused = "";
    if (wrong) return;
    replaced(field);
    if (field.dataset.ready) setTimeout(say, 100, field, field.dataset.ready); // a new region is silent
    const hidden = field.querySelector("input[type=hidden][name$='-upload']");
    for (const name of hidden ? ["input", "change"] : []) {
      hidden.dispatchEvent(new Event(name, { bubbles: true }));
    }
  });

  for (const field of document.querySelectorAll(FIELD)) arrived(field);
})();
