// Instant results under the search box, from the same index and by the same rules as search.rs.

import { actionHref, element, errorHref, one } from "./common.js";

const SHOWN = 12;
const WORDS = 16;
const LONGEST = 40;
const KINDS = { a: "action", e: "error", p: "parameter" };
const input = one(".search input");
const list = element("div", { class: "found", id: "found", role: "listbox", "aria-label": "Found", hidden: true });
let rows;
let active = -1;

async function index() {
  rows ??= fetch(input.dataset.index).then((answer) => answer.json());
  return rows;
}

// The place of a word in an entry, 0 for the very name; Infinity if it is not in it.
function matched([, name, text, more], word) {
  const low = name.toLowerCase();
  const ranks = [low === word, low.startsWith(word), low.includes(word), text.toLowerCase().includes(word), more.toLowerCase().includes(word)];
  const at = ranks.indexOf(true);
  return at < 0 ? Infinity : at;
}

// How many slips of the keys lie between a word and the beginning of a part of the name.
function nearly([, name], word) {
  if (word.length > LONGEST) return Infinity;
  const most = Math.min(2, Math.floor(word.length / 4));
  const starts = [...name].flatMap((letter, at) => (at === 0 || /\p{Lu}/u.test(letter) ? [at] : []));
  const least = Math.min(...starts.map((at) => slips(word, name.slice(at).toLowerCase())));
  return least <= most ? least : Infinity;
}

function slips(word, whole) {
  const text = whole.slice(0, word.length + 2);
  const rows = [Array.from({ length: text.length + 1 }, (_, at) => at)];
  for (let at = 1; at <= word.length; at++) {
    const row = [at];
    for (let place = 1; place <= text.length; place++) {
      const same = word[at - 1] === text[place - 1];
      row.push(Math.min(rows[at - 1][place - 1] + (same ? 0 : 1), rows[at - 1][place] + 1, row[place - 1] + 1));
      const isSwapped = at > 1 && place > 1 && word[at - 1] === text[place - 2] && word[at - 2] === text[place - 1];
      if (isSwapped) row[place] = Math.min(row[place], rows[at - 2][place - 2] + 1);
    }
    rows.push(row);
  }
  return Math.min(...rows[word.length]);
}

function best(entries, words, of) {
  return entries
    .map((entry) => [Math.max(...words.map((word) => of(entry, word))), entry])
    .filter(([rank]) => rank < Infinity)
    .sort(([left], [right]) => left - right)
    .map(([, entry]) => entry);
}

export function matching(entries, asked) {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean).slice(0, WORDS);
  if (!words.length) return [];
  const found = best(entries, words, matched);
  return found.length ? found : best(entries, words, nearly);
}

export const href = ([kind, name, text]) =>
  kind === "a" ? actionHref(name) : kind === "e" ? errorHref(name) : `${actionHref(text)}#${name}`;

function option(entry, at) {
  const [kind, name, text] = entry;
  return element("a", { href: href(entry), role: "option", tabindex: "-1", id: `found-${at}`, "aria-selected": "false" },
    element("strong", {}, name), " ", element("span", { class: "kind" }, KINDS[kind]), element("span", { class: "text" }, text));
}

function close() {
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  mark(-1);
}

function mark(at) {
  active = at;
  [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === at)));
  if (at < 0) input.removeAttribute("aria-activedescendant");
  else input.setAttribute("aria-activedescendant", `found-${at}`);
  list.children[at]?.scrollIntoView({ block: "nearest" });
}

async function show() {
  const found = matching(await index(), input.value).slice(0, SHOWN);
  list.replaceChildren(...found.map(option));
  mark(-1);
  list.hidden = found.length === 0;
  input.setAttribute("aria-expanded", String(!list.hidden));
}

function press(event) {
  const count = list.children.length;
  if (event.key === "Escape") return close();
  if (list.hidden || !count) return;
  if (event.key === "ArrowDown") mark((active + 1) % count);
  else if (event.key === "ArrowUp") mark((active + count - 1) % count);
  else if (event.key === "Enter" && active >= 0) location.href = list.children[active].href;
  else return;
  event.preventDefault();
}

input.parentElement.append(list);
for (const [name, value] of Object.entries({
  role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list",
})) input.setAttribute(name, value);
input.addEventListener("input", show);
input.addEventListener("keydown", press);
input.addEventListener("blur", () => setTimeout(close, 150));
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  const isSlash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (isSlash || isCtrlK) {
    event.preventDefault();
    input.focus();
    input.select();
  }
});
