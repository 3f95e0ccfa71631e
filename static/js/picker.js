/* Makes a combobox of each field in which a record is picked by typing ([data-pick]).
   Without this file the name is typed, and the server asks back where it is not clear. */
"use strict";

(() => {
  // htmx renames its events in version 4: they are named here and nowhere else.
  const EVENT = { loaded: "htmx:load" };
  const WAIT = 150; // milliseconds without a key before the server is asked
  // What is said stands in the page: at the field itself, or once around many.
  const said = (root, name, values = {}) => {
    const { dataset } = root.closest("[data-pick-failed]") ?? root;
    const text = dataset[`pick${name[0].toUpperCase()}${name.slice(1)}`] ?? "";
    return text.replace(/%(\w+)%/g, (_, key) => values[key] ?? "");
  };
  let number = 0;

  const announce = (text) => {
    const region = document.getElementById("announce");
    if (!region) return;
    region.textContent = "";
    // A text that is the same as before would not be read again.
    requestAnimationFrame(() => { region.textContent = text; });
  };

  class Picker {
    constructor(root) {
      this.root = root;
      this.input = root.querySelector("input[type=text]");
      this.said = root.querySelector("[data-pick-said]");
      this.asked = 0; // requests so far: only the answer to the last one counts
      this.active = null;
      this.popup = document.createElement("div");
      this.popup.className = "pick-popup";
      this.popup.hidden = true;
      this.list = document.createElement("ul");
      this.list.id = `pick-list-${++number}`;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", root.dataset.label);
      this.message = document.createElement("p");
      this.message.className = "pick-message";
      this.popup.append(this.message, this.list);
      this.input.after(this.popup);
      this.said.id ||= `pick-said-${number}`;
      const described = new Set((this.input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
      described.add(this.said.id);
      for (const [name, value] of Object.entries({
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-expanded": "false",
        "aria-controls": this.list.id,
        "aria-describedby": [...described].join(" "),
      })) this.input.setAttribute(name, value);
      this.input.addEventListener("input", () => { if (!this.setting) this.typed(); });
      this.input.addEventListener("keydown", (event) => this.key(event));
      this.input.addEventListener("blur", () => this.close());
      this.input.addEventListener("click", () => { if (!this.isOpen && this.input.value && !this.id) this.ask(); });
      // The focus stays in the field while an option is pressed; a touch may scroll the list.
      this.popup.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.choose(option);
      });
    }

    get isOpen() { return !this.popup.hidden; }
    get options() { return [...this.list.querySelectorAll("[role=option]")]; }
    get chosen() { return this.root.querySelector(`[name="${CSS.escape(`${this.input.name}_id`)}"]`); }
    get id() { return this.chosen?.value ?? ""; }

    keep(id) {
      let field = this.chosen;
      if (field && field.type !== "hidden") { // the list that the server had asked with
        field.closest(".pick-ask").remove();
        field = null;
      }
      if (!field) {
        field = document.createElement("input");
        field.type = "hidden";
        field.name = `${this.input.name}_id`;
        this.root.append(field);
      }
      field.value = id;
    }

    // --- Asking -------------------------------------------------------------------------
    typed() {
      this.keep("");
      this.said.textContent = "";
      clearTimeout(this.timer);
      if (!this.input.value.trim()) {
        this.stop();
        this.close();
        return;
      }
      this.timer = setTimeout(() => this.ask(), WAIT);
    }

    stop() {
      this.asked += 1;
      this.request?.abort();
      clearTimeout(this.timer);
    }

    async ask() {
      const text = this.input.value.trim();
      if (!text) return;
      this.stop();
      const turn = this.asked;
      this.request = new AbortController();
      this.input.setAttribute("aria-busy", "true");
      this.show(this.options.length ? null : said(this.root, "looking"));
      try {
        const url = `${this.root.dataset.pick}?${new URLSearchParams({ q: text.slice(0, 260) })}`;
        const answer = await fetch(url, {
          headers: { Accept: "text/html", "X-Requested-With": "fetch" },
          redirect: "manual", // to the page for signing in, which is no list
          signal: this.request.signal,
        });
        if (!answer.ok) throw new Error(answer.status === 401 || answer.type === "opaqueredirect" ? "out" : "failed");
        const html = await answer.text();
        if (turn === this.asked) this.answered(html);
      } catch (error) {
        if (turn !== this.asked || error.name === "AbortError") return;
        this.list.replaceChildren();
        this.activate(null);
        const text = said(this.root, error.message === "out" ? "out" : "failed");
        this.show(text, "err");
        announce(text);
      }
      if (turn === this.asked) this.input.removeAttribute("aria-busy");
    }

    answered(html) {
      this.list.innerHTML = html;
      this.options.forEach((option, place) => { option.id = `${this.list.id}-${place}`; });
      this.activate(null);
      const found = this.options.filter((option) => !("new" in option.dataset)).length;
      const text = found ? said(this.root, found === 1 ? "one" : "many", { number: found }) : said(this.root, "none");
      if (document.activeElement !== this.input) return;
      this.show(found ? null : said(this.root, "none"));
      announce(text);
    }

    // --- Showing ------------------------------------------------------------------------
    show(text, level = "") {
      this.message.textContent = text ?? "";
      this.message.hidden = !text;
      this.message.className = `pick-message ${level}`;
      this.list.hidden = !this.options.length;
      this.popup.hidden = false;
      this.popup.classList.remove("up");
      // Above the field where it would not fit below, and there is more room.
      const { bottom } = this.popup.getBoundingClientRect();
      const { top } = this.input.getBoundingClientRect();
      if (bottom > window.innerHeight && top > window.innerHeight - top) this.popup.classList.add("up");
      this.input.setAttribute("aria-expanded", String(!this.list.hidden)); // a message is no list
    }

    close() {
      this.stop();
      this.input.removeAttribute("aria-busy");
      this.popup.hidden = true;
      this.list.replaceChildren();
      this.input.setAttribute("aria-expanded", "false");
      this.activate(null);
    }

    activate(option) {
      this.active?.setAttribute("aria-selected", "false");
      this.active = option;
      if (!option) {
        this.input.removeAttribute("aria-activedescendant");
        return;
      }
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    }

    // --- Choosing -----------------------------------------------------------------------
    choose(option) {
      const { id, text, said: about } = option.dataset;
      this.close();
      this.keep(id);
      this.setting = true; // what follows is heard by others, not by us
      this.input.value = text;
      this.said.textContent = about ?? "";
      for (const name of ["input", "change"]) this.input.dispatchEvent(new Event(name, { bubbles: true }));
      this.setting = false;
      announce(said(this.root, "chosen", { name: text }) + (about ? ` ${about}` : ""));
    }

    key(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return; // an input method is at work
      const { options } = this;
      const place = options.indexOf(this.active);
      const move = (to) => {
        event.preventDefault();
        this.activate(options[to]);
      };
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          if (!this.isOpen) {
            event.preventDefault();
            if (this.input.value.trim()) this.ask();
          } else if (options.length) {
            const step = event.key === "ArrowDown" ? 1 : -1;
            const from = place < 0 && step < 0 ? 0 : place;
            move((from + step + options.length) % options.length);
          }
          break;
        case "Home":
          if (this.active) move(0);
          break;
        case "End":
          if (this.active) move(options.length - 1);
          break;
        case "Enter":
          // While the list is open the key belongs to it: half a form is never sent.
          if (!this.isOpen) return;
          event.preventDefault();
          if (this.best) this.choose(this.best);
          else this.close();
          break;
        case "Tab":
          if (this.isOpen && this.best) this.choose(this.best);
          break;
        case "Escape":
          if (!this.isOpen) return;
          event.preventDefault();
          event.stopPropagation();
          this.close();
          break;
      }
    }

    // What Enter takes: the active option, or the only one that is called exactly that.
    get best() {
      const exact = this.options.filter((option) => "exact" in option.dataset);
      return this.active ?? (exact.length === 1 ? exact[0] : null);
    }
  }

  const pickers = new WeakSet();
  const equip = (within) => {
    const roots = [...within.querySelectorAll("[data-pick]")];
    if (within.matches?.("[data-pick]")) roots.push(within);
    for (const root of roots) {
      if (pickers.has(root) || !root.querySelector("input[type=text]")) continue;
      pickers.add(root);
      new Picker(root);
    }
  };

  equip(document.body);
  document.addEventListener(EVENT.loaded, (event) => equip(event.detail.elt ?? event.target));
  document.addEventListener("colophon:added", (event) => equip(event.target));
})();
