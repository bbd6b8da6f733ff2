// The code for the values of the form, updated while the user types.

import { copyButton, element, keep, kept, one } from "./common.js";
import { chosen } from "./form.js";
import { region } from "./key.js";
import { coloured } from "./syntax.js";

const REST_MS = 200;

function shown({ file_name, code, how_to_run, download, project, where, why }, language) {
  if (why) return [element("p", { class: "notice" }, why)];
  return [
    element("p", { class: "bar" }, element("span", { class: "file" }, file_name), " ",
      copyButton(code, "the code"), " ", element("a", { href: download, download: file_name }, "Download"), " ",
      element("a", { href: project, download: true }, "Download the project")),
    element("pre", { class: "sample", tabindex: "0", "aria-label": "Code" }, ...coloured(language, code)),
    element("h3", {}, "How to run it"),
    element("p", { class: "hint" }, where),
    element("pre", { class: "how", tabindex: "0", "aria-label": "How to run it" }, ...coloured("cli", how_to_run)),
  ];
}

export function showCode(form) {
  const [language, target, place] = [one("#language"), one("#target"), one(".made")];
  let asked = 0;
  let timer;
  let last;

  async function update() {
    const mine = ++asked;
    const query = new URLSearchParams({ action: form.dataset.key, language: language.value, target: target.value, region: region() });
    try {
      const response = await fetch(`/explorer/api/sample?${query}`, { method: "POST", body: new URLSearchParams(chosen(form)) });
      const text = await response.text();
      // Only the latest answer counts, whichever comes first; the same one stays as it is.
      if (mine !== asked || text === last) return;
      last = text;
      const answer = JSON.parse(text);
      place.replaceChildren(...shown(response.ok ? answer : { why: answer.error }, language.value));
    } catch (error) {
      if (mine !== asked) return;
      last = undefined;
      place.replaceChildren(element("p", { class: "notice" }, `No answer: ${error.message}`));
    }
  }

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(update, REST_MS);
  };
  one("[data-without-script]").hidden = true;
  const asks = new URLSearchParams(location.search);
  for (const list of [language, target]) {
    const before = kept(list.name);
    if (before && !asks.has(list.name)) list.value = before;
    list.addEventListener("change", () => {
      keep(list.name, list.value);
      update();
    });
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("click", (event) => event.target.closest("button.add") && soon());
  document.addEventListener("key-changed", soon);
  update();
}
