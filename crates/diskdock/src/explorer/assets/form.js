// The form of an action: what is filled in, and lists that grow.

import { all, one } from "./common.js";
import { region } from "./key.js";
import { nonce } from "./sign.js";

// What is filled in, by its name on the wire. An empty field is not given.
export function values(form) {
  return all("input[name], select[name]", form)
    .filter((field) => field.value !== "")
    .map((field) => [field.name, field.value]);
}

const SECRET = /password/i;

// The address that reopens the form as it is; passwords stay out of it.
export function address(form) {
  const shown = values(form).filter(([name]) => !SECRET.test(name));
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

let token;

// With a ClientToken, if the action takes one and none is given: sent again without an answer, a
// call has its effect once. After an answer the next call is another one.
export function withToken(form, parameters) {
  const takes = form.elements.ClientToken && !parameters.some(([name]) => name === "ClientToken");
  if (!takes) return { asked: parameters, answered: () => {} };
  const asked = [...parameters, ["ClientToken", (token ??= nonce())]];
  const answered = (status) => {
    if (status < 500) token = undefined;
  };
  return { asked, answered };
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
  for (const field of all("input, select", copy)) field.value = "";
  // Lists inside the copy begin with one entry again.
  for (const inner of all("[data-many]", copy)) entries(inner).slice(1).forEach((extra) => extra.remove());
  renumber(copy, many.dataset.many, number, number + 1);
  const legend = one("legend", copy);
  if (legend) legend.textContent = legend.textContent.replace(/\d+$/, number + 1);
  else one("[aria-label]", copy).setAttribute("aria-label", `${many.dataset.many} ${number + 1}`);
  entries(many)[count - 1].after(copy);
  one("input, select", copy).focus();
  return copy;
}

// `Tag.3` of a field called `Tag.3.Key`.
function firstName(entry, wire) {
  const field = entry.matches("[name]") ? entry : one("[name]", entry);
  return `${wire}.${field.name.slice(wire.length + 1).split(".")[0]}`;
}

export function growing(form, added) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button.add");
    if (button) added(addEntry(button.parentElement));
  });
}
