// The form of an action: what is filled in, and lists that grow.

import { all, element, one } from "./common.js";
import { region } from "./key.js";
import { nonce } from "./sign.js";

// What is filled in, by its name on the wire. An empty field is not given.
export function values(form) {
  return filledIn(form).map((field) => [field.name, field.value]);
}

const filledIn = (form) => all("input[name], select[name]", form).filter((field) => field.value !== "");

// The same without a ClientToken that this page made: it is for one call, and whoever opens the
// address or runs the code makes another one.
export function chosen(form) {
  return filledIn(form).filter((field) => field.dataset.made !== field.value).map((field) => [field.name, field.value]);
}

const SECRET = /password/i;

// The address that reopens the form as it is; passwords stay out of it.
export function address(form) {
  const shown = chosen(form).filter(([name]) => !SECRET.test(name));
  const query = new URLSearchParams(shown).toString();
  return location.pathname + (query ? `?${query}` : "") + location.hash;
}

// The region that was chosen for this tab, where one is required and none is given.
export function fillRegion(form) {
  const field = form.elements.RegionId;
  if (!field || !field.hasAttribute("data-required")) return;
  let filled = "";
  const fill = () => {
    if (field.value !== filled) return;
    filled = field.value = region();
  };
  fill();
  document.addEventListener("key-changed", fill);
}

const REST_MS = 200;

// Keeps the address that of the form as it is, at all times.
export function keepAddress(form) {
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", address(form)), REST_MS);
  };
  for (const event of ["input", "change"]) form.addEventListener(event, soon);
  form.addEventListener("click", ({ target }) => target.closest("button.add") && soon());
}

function arrayOf(text) {
  try {
    const list = JSON.parse(text.replaceAll("'", '"'));
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

// What is wrong with a field, or nothing. The server decides; these are its limits as the page
// tells them.
function fault(field) {
  const value = field.value.trim();
  // A member of an entry is required only where something of the entry is given, and of a plain list
  // one value.
  const [entry, list] = [field.closest("fieldset"), field.parentElement.parentElement.closest(".many")];
  const others = entry ? all("[name]", entry) : list ? all("[name]", list) : [];
  const isGiven = others.some((other) => other.value !== "");
  const isWanted = entry ? isGiven : !isGiven;
  if (value === "") return "required" in field.dataset && isWanted && !field.closest(".unused") ? "is required" : "";
  if (field.dataset.limits) {
    const [least, most] = field.dataset.limits.split(" ").map(Number);
    if (!/^-?\d+$/.test(value) || Number(value) < least || Number(value) > most) return `is not a whole number from ${least} to ${most}`;
  }
  const given = "array" in field.dataset ? arrayOf(value) : value.split(",");
  if (!given) return 'is not a JSON array such as ["a","b"]';
  const words = field.list && all("option", field.list).map((option) => option.value);
  const low = words?.map((word) => word.toLowerCase());
  const isKnown = (one) => low.includes(String(one).trim().toLowerCase());
  if (words && !given.every(isKnown)) return `is not one of ${words.join(", ")}`;
  return "";
}

// Fields with what is wrong with them; they are marked.
export function faults(form) {
  const found = [];
  for (const field of all("input[name], select[name]", form)) {
    const what = fault(field);
    if (what) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (what) found.push([field, what]);
  }
  return found;
}

// The link that leads to a field, which may be folded away.
export function linkTo(field) {
  const link = element("a", { href: `#${field.id}` }, field.name);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const fold = field.closest("details");
    if (fold) fold.open = true;
    field.focus();
  });
  return link;
}

// Shows of a long form only what is looked for, or what is filled in.
export function narrowing(form) {
  const bar = one(".narrow-form", form);
  if (!bar) return;
  const [text, filled, told] = [one("[type=search]", bar), one("[type=checkbox]", bar), one("[role=status]", bar)];
  const rows = all(":scope > .row, :scope > details > .row", form);
  const folds = all(":scope > details", form);
  let wereOpen;
  const show = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const isNarrow = words.length > 0 || filled.checked;
    for (const row of rows) {
      const own = row.textContent.toLowerCase();
      const hasValue = all("[name]", row).some((field) => field.value !== "");
      row.hidden = !words.every((word) => own.includes(word)) || (filled.checked && !hasValue);
    }
    if (isNarrow) wereOpen ??= folds.map((fold) => fold.open);
    folds.forEach((fold, at) => {
      fold.hidden = !all(":scope > .row:not([hidden])", fold).length;
      if (isNarrow) fold.open = true;
      else if (wereOpen) fold.open = wereOpen[at];
    });
    if (!isNarrow) wereOpen = undefined;
    told.textContent = isNarrow ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  };
  text.addEventListener("input", show);
  filled.addEventListener("change", show);
  text.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
}

// Fills in a ClientToken, if the action takes one and none is given: sent again without an answer,
// a call has its effect once.
export function fillToken(form) {
  const field = form.elements.ClientToken;
  if (field && (field.value === "" || field.value === field.dataset.made)) field.dataset.made = field.value = nonce();
}

// Gives everything in a copied entry the number of the entry: Tag.1.Key becomes Tag.2.Key.
function renumber(entry, wire, from, to) {
  const [before, after] = [`${wire}.${from}`, `${wire}.${to}`];
  const moved = (text) => {
    for (const prefix of ["in-", "hint-", ""]) {
      const start = prefix + before;
      if (text === start || text.startsWith(`${start}.`)) return prefix + after + text.slice(start.length);
    }
    return text;
  };
  for (const part of [entry, ...all("*", entry)]) {
    for (const name of ["name", "id", "for", "aria-describedby", "data-many"]) {
      if (part.hasAttribute(name)) part.setAttribute(name, moved(part.getAttribute(name)));
    }
    if (part.matches("a.anchor")) part.remove();
    if (part.matches(".row[id]")) part.removeAttribute("id");
  }
}

function entries(many) {
  return [...many.children].filter((child) => child.matches("fieldset, .field"));
}

function addEntry(many) {
  const last = entries(many).at(-1);
  const count = entries(many).length;
  const number = Number(/\.(\d+)$/.exec(firstName(last, many.dataset.many))[1]);
  const copy = last.cloneNode(true);
  for (const field of all("input, select", copy)) {
    field.value = "";
    field.removeAttribute("aria-invalid");
  }
  one("#offered", copy)?.remove();
  // Lists inside the copy begin with one entry again.
  for (const inner of all("[data-many]", copy)) entries(inner).slice(1).forEach((extra) => extra.remove());
  renumber(copy, many.dataset.many, number, number + 1);
  const legend = one("legend", copy);
  if (legend) legend.textContent = legend.textContent.replace(/\d+$/, number + 1);
  else one("[aria-label]", copy).setAttribute("aria-label", `${many.dataset.many} ${number + 1}`);
  entries(many)[count - 1].after(copy);
  one("input, select", copy).focus();
}

// `Tag.3` of a field called `Tag.3.Key`.
function firstName(entry, wire) {
  const field = entry.matches("[name]") ? entry : one("[name]", entry);
  return `${wire}.${field.name.slice(wire.length + 1).split(".")[0]}`;
}

export function growing(form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button.add");
    if (button) addEntry(button.parentElement);
  });
}
