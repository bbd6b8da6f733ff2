// Fields that offer what really exists, asked from the API itself.

import { all, element, one } from "./common.js";
import { described, entries } from "./listing.js";
import { region } from "./key.js";

const fieldOf = (picker) => one("input", picker.parentElement);
const regionOf = (form) => form.elements.RegionId?.value || region();

function options(found, fits) {
  const wanted = fits.split(" ").filter(Boolean);
  const shown = ({ value, status, text, holder }) =>
    element("option", { value, "data-holder": holder || null },
      [value, status, text].filter(Boolean).join(" · "));
  if (!wanted.length) return found.map(shown);
  const groups = [
    [wanted.join(" or "), found.filter((one) => wanted.includes(one.status))],
    ["Others", found.filter((one) => !wanted.includes(one.status))],
  ];
  return groups
    .filter(([, members]) => members.length)
    .map(([label, members]) => element("optgroup", { label }, ...members.map(shown)));
}

async function listed(kind, within) {
  const found = await entries(kind, within);
  return found.map((entry) => ({
    value: entry[kind.id], status: entry.Status, text: described(kind, entry), holder: kind.holder && entry[kind.holder],
  }));
}

async function fill(picker, form, kind) {
  const first = element("option", { value: "" }, "Choose …");
  try {
    const found = await listed(kind, regionOf(form));
    if (!found.length) first.textContent = `There is none in ${regionOf(form)}`;
    picker.replaceChildren(first, ...options(found, picker.dataset.fits));
  } catch (error) {
    first.textContent = "Cannot list";
    picker.title = error.message;
    picker.replaceChildren(first);
  }
}

function take(picker, form, kind) {
  const chosen = picker.selectedOptions[0];
  if (!chosen?.value) return;
  const field = fieldOf(picker);
  field.value = picker.hasAttribute("data-many") ? withOneMore(field.value, chosen.value) : chosen.value;
  // What a resource is on is what is meant, as the instance that a disk is on.
  const holder = form.elements[kind.holder];
  if (chosen.dataset.holder && holder && holder !== field) holder.value = chosen.dataset.holder;
  picker.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// A JSON list with one more entry.
function withOneMore(text, value) {
  let list = [];
  try {
    list = JSON.parse(text || "[]");
  } catch {}
  if (!Array.isArray(list)) list = [];
  return JSON.stringify(list.includes(value) ? list : [...list, value]);
}

// Lists are requested when a field gets the focus: each time, since they change.
export function offer(form, kinds, within = form) {
  for (const picker of all("select.pick", within)) {
    const kind = kinds[picker.dataset.pick];
    picker.hidden = false;
    const refresh = () => fill(picker, form, kind);
    picker.addEventListener("pointerenter", refresh);
    picker.addEventListener("focus", refresh);
    picker.addEventListener("change", () => take(picker, form, kind));
  }
}
