// Instant results under the search box, from the same index and by the same rules as search.rs.

import { actionHref, element, errorHref, one } from "./common.js";

const SHOWN = 12;
const KINDS = { a: "action", e: "error", p: "parameter" };
const input = one(".search input");
const list = element("div", { class: "found", id: "found", role: "listbox", "aria-label": "Found", hidden: true });
let rows;
let active = -1;

async function index() {
  rows ??= fetch(input.dataset.index).then((answer) => answer.json());
  return rows;
}

function rank([, name, text], words) {
  const [lowName, lowText] = [name.toLowerCase(), text.toLowerCase()];
  let worst = 0;
  for (const word of words) {
    const of =
      lowName === word ? 0 : lowName.startsWith(word) ? 1 : lowName.includes(word) ? 2 : lowText.includes(word) ? 3 : 4;
    worst = Math.max(worst, of);
  }
  return worst;
}

export function matching(entries, asked) {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return entries
    .map((entry) => [rank(entry, words), entry])
    .filter(([of]) => of < 4)
    .sort(([left], [right]) => left - right)
    .map(([, entry]) => entry);
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
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
  }
});
