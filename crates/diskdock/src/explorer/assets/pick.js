// Fields that offer what really exists: as one types, the API is asked page by page.

import { all, element } from "./common.js";
import { described, pages } from "./listing.js";
import { region } from "./key.js";

// Entries that are offered at a time.
const OFFERED = 12;
const REST_MS = 120;

// What of a field's text is looked for: in a JSON list, what is typed behind its last entry.
function sought(field) {
  if (!("array" in field.dataset)) return field.value.trim().toLowerCase();
  return /[^[\],"\s]*$/.exec(field.value)[0].toLowerCase();
}

// A JSON list with one more entry.
function withOneMore(text, value) {
  let list = [];
  try {
    list = JSON.parse(text || "[]");
  } catch {
    list = [...text.matchAll(/"([^"]*)"/g)].map(([, one]) => one);
  }
  if (!Array.isArray(list)) list = [];
  return JSON.stringify(list.includes(value) ? list : [...list, value]);
}

// The entries of a kind as they come, kept while the field has the focus.
class Found {
  constructor(kind, within) {
    this.kind = kind;
    this.coming = pages(kind, within);
    this.entries = [];
    this.isWhole = false;
  }

  // Up to `most` entries with the words in them; those that fit come first.
  async matching(text, fits, most) {
    const words = text.split(/\s+/).filter(Boolean);
    const has = ({ words: own }) => words.every((word) => own.includes(word));
    for (;;) {
      const found = this.entries.filter(has);
      const fitting = found.filter(({ status }) => !fits.length || fits.includes(status));
      if (this.isWhole || fitting.length >= most) return [...fitting, ...found.filter((one) => !fitting.includes(one))].slice(0, most);
      const { value, done } = await this.coming.next();
      if (done) this.isWhole = true;
      else this.entries.push(...value.map((entry) => this.entry(entry)));
    }
  }

  entry(entry) {
    const { id, holder } = this.kind;
    const [value, status, text] = [entry[id], entry.Status, described(this.kind, entry)];
    return { value, status, text, holder: holder && entry[holder], words: `${value} ${status ?? ""} ${text}`.toLowerCase() };
  }
}

// One list for all fields of a form; it lies under the one that has the focus.
export function offer(form, kinds) {
  const list = element("div", { class: "offered", id: "offered", role: "listbox", "aria-label": "What there is", hidden: true });
  const told = element("p", { class: "offscreen", role: "status" });
  form.append(list, told);
  let [field, found, options, active, asked, timer] = [null, null, [], -1, 0, 0];

  const kindOf = (one) => kinds[one.dataset.pick];
  const within = () => form.elements.RegionId?.value || region();

  function mark(at) {
    active = at;
    [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === at)));
    if (at < 0) field?.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `offered-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    asked++;
    list.hidden = true;
    mark(-1);
    field?.setAttribute("aria-expanded", "false");
  }

  function take({ value, holder }) {
    field.value = "array" in field.dataset ? withOneMore(field.value, value) : value;
    // What a resource is on is what is meant, as the instance that a disk is on.
    const other = form.elements[kindOf(field).holder];
    if (holder && other && other !== field) other.value = holder;
    close();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function option(one, at) {
    const shown = element("div", { role: "option", id: `offered-${at}`, "aria-selected": "false" },
      element("span", { class: "id" }, one.value), " ",
      one.status ? element("span", { class: `status ${one.status.toLowerCase()}` }, one.status) : null,
      one.text ? element("span", { class: "about" }, ` ${one.text}`) : null);
    // Before the field loses the focus.
    shown.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(one);
    });
    return shown;
  }

  async function show() {
    const mine = ++asked;
    const fits = (field.dataset.fits ?? "").split(" ").filter(Boolean);
    try {
      options = await found.matching(sought(field), fits, OFFERED);
    } catch (error) {
      if (mine === asked) told.textContent = `Cannot list: ${error.message}`;
      return;
    }
    // Only the latest answer counts; one that is chosen is not offered again.
    if (mine !== asked) return;
    const isChosen = options.length === 1 && options[0].value === field.value;
    list.replaceChildren(...(isChosen ? [] : options.map(option)));
    list.hidden = !list.children.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    told.textContent = options.length ? `${options.length} offered` : `There is no such ${field.dataset.pick} in ${within()}.`;
    mark(-1);
  }

  function press(event) {
    const count = list.children.length;
    if (event.key === "ArrowDown" && list.hidden) return show();
    if (list.hidden || !count) return undefined;
    if (event.key === "ArrowDown") mark((active + 1) % count);
    else if (event.key === "ArrowUp") mark((active + count - 1) % count);
    else if (event.key === "Enter" && active >= 0) take(options[active]);
    else if (event.key === "Escape") close();
    else return undefined;
    event.preventDefault();
    return undefined;
  }

  const isPicker = (target) => target instanceof HTMLInputElement && target.dataset.pick;
  form.addEventListener("focusin", ({ target }) => {
    if (!isPicker(target) || target === field) return;
    field = target;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "offered", "aria-expanded": "false" })) field.setAttribute(name, value);
    found = new Found(kindOf(field), within());
    field.after(list);
    show();
  });
  form.addEventListener("focusout", ({ target }) => {
    if (target !== field) return;
    close();
    field = null;
  });
  form.addEventListener("input", ({ target }) => {
    if (target !== field) return;
    clearTimeout(timer);
    timer = setTimeout(() => field && show(), REST_MS);
  });
  form.addEventListener("keydown", (event) => event.target === field && press(event));
  // Fields say that something can be chosen before they have the focus.
  for (const one of all("input[data-pick]", form)) one.classList.add("pick");
}
