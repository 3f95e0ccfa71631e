// Choosing and sending a spreadsheet: drop zone, size check before sending, upload progress.
// The form works without any of this. Listeners sit on the document: htmx replaces the form.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = () => byId("upload");
  const input = () => form()?.querySelector("input[type=file]");

  function readable(bytes) {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    let step = 0;
    for (; bytes >= 1000 && step < units.length - 1; step++) bytes /= 1000;
    return new Intl.NumberFormat(document.documentElement.lang || undefined, {
      style: "unit", unit: units[step], maximumFractionDigits: bytes < 10 && step ? 1 : 0,
    }).format(bytes);
  }

  function complain(sentence) {
    const wrong = byId("upload-wrong");
    wrong.querySelector("span").textContent = sentence;
    wrong.hidden = !sentence;
    if (sentence) wrong.setAttribute("role", "alert");
    byId("drop").classList.toggle("is-wrong", Boolean(sentence));
    const field = input();
    field.setCustomValidity(sentence); // the browser then does not send the form
    field.classList.toggle("is-invalid", Boolean(sentence));
    field.setAttribute("aria-describedby", sentence ? "upload-help upload-wrong" : "upload-help");
  }

  function look() {
    const said = form().dataset;
    const file = input().files[0];
    byId("upload-chosen").textContent = file ? `${file.name} · ${readable(file.size)}` : "";
    if (!file) complain("");
    else if (file.size > Number(said.maxBytes)) complain(said.tooLarge);
    else if (file.size === 0) complain(said.empty);
    else complain("");
  }

  document.addEventListener("change", (event) => {
    if (event.target === input()) look();
  });

  // --- Dropping. A file dropped beside the zone must not replace the page.
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!form() || !holdsFiles(event)) return;
    event.preventDefault();
    byId("drop").classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (form() && !event.relatedTarget) byId("drop").classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    if (!form() || !holdsFiles(event)) return;
    event.preventDefault();
    byId("drop").classList.remove("is-over");
    if (event.dataTransfer.files.length > 1) {
      complain(form().dataset.one);
      return;
    }
    input().files = event.dataTransfer.files;
    look();
    input().focus();
  });

  // --- Sending.
  let told = -1;
  function show(percent) {
    const bar = byId("upload-progress");
    byId("upload-sending").hidden = false;
    if (percent < 100) bar.value = percent;
    else bar.removeAttribute("value"); // sent; how long the reading takes nobody knows
    const step = percent < 100 ? Math.floor(percent / 10) * 10 : 100;
    if (step === told) return; // said once every ten percent
    told = step;
    const said = form().dataset;
    byId("upload-said").textContent =
      step < 100 ? said.sending.replace("%s", String(step)) : said.reading;
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form()) return;
    told = -1;
    show(0);
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const { lengthComputable, loaded, total } = event.detail;
    if (event.target === form() && lengthComputable) show((loaded / total) * 100);
  });
  for (const failed of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failed, (event) => {
      if (event.detail.elt === form()) byId("upload-sending").hidden = true;
    });
  }
  document.addEventListener("htmx:afterSettle", () => {
    if (input()?.classList.contains("is-invalid")) input().focus();
  });
})();
