// What lists of resources, operations and calls are made of: ids, statuses, moments, rows.

import { actionHref, all, copyButton, element, errorHref, one } from "./common.js";

const EVERY_MS = 1000;

// Where the page of a resource is; a region spares the search for it.
export function resourceHref(noun, id, region) {
  const path = `/explorer/resources/${encodeURIComponent(noun)}/${encodeURIComponent(id)}`;
  return region ? `${path}?${new URLSearchParams({ region })}` : path;
}

// A link with a button that copies the id.
export function identity(noun, id, region) {
  const link = element("a", { class: "id", href: resourceHref(noun, id, region), title: `The page of this ${noun}` }, id);
  return element("span", { class: "identity" }, link, copyButton(id, id));
}

// A moment as it is read, or what stands in its place.
export const moment = (text) => text && element("span", { class: "moment" }, text.replace("T", " ").replace("Z", ""));
export const status = (text) => element("span", { class: `status ${text.toLowerCase()}` }, text);
export const opened = (action, parameters) => `${actionHref(action)}?${new URLSearchParams(parameters)}`;

export function smallButton(label, text, onclick) {
  return element("button", { type: "button", class: "small", "aria-label": label, "data-focus": label, onclick }, text);
}

// The server's clock, as it was said last.
let clock = { server: Date.now(), page: performance.now() };
const running = new Set();

export function tellTime(text) {
  clock = { server: Date.parse(text), page: performance.now() };
  tick();
}

export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

// Writes how far a moment is from now.
function write(shown) {
  const now = clock.server + performance.now() - clock.page;
  shown.textContent = duration((now - Date.parse(shown.dataset.from)) * Number(shown.dataset.sign));
}

function tick() {
  for (const reference of running) {
    const shown = reference.deref();
    if (!shown) running.delete(reference);
    else if (shown.isConnected) write(shown);
  }
}

setInterval(tick, EVERY_MS);

// How long ago a moment is, or in how long it is to come, told anew every second.
export function since(text, sign = 1) {
  const shown = element("span", { class: "moment", "data-from": text, "data-sign": sign, title: text });
  write(shown);
  running.add(new WeakRef(shown));
  return shown;
}

const until = (text) => (Number.isNaN(Date.parse(text)) ? text : element("span", {}, "in ", since(text, -1)));

// The names of a table's columns, which stand beside the cells where there is no room for columns.
export const columns = (within) => all("th", one(within)).map((head) => head.textContent);

export function tableRow(cells, names) {
  return element("tr", {}, ...cells.map((cell, at) => element("td", { "data-column": names[at] }, cell ?? "")));
}

// What an operation is at, and when its time is up.
export const operationState = ({ given_up: isGivenUp }) => element("span", { class: `status${isGivenUp ? " gaveup" : ""}` }, isGivenUp ? "given up" : "in flight");
export const ending = (result) => element("span", { class: `status ${result === "done" ? "available" : "gaveup"}` }, result);
export const deadline = (one) => (one.given_up || !one.deadline_at ? "" : until(one.deadline_at));

// Shows the table of a section, or that it has no rows.
export function showWhether(section, hasRows) {
  one(`${section} .quiet`).hidden = hasRows;
  one(`${section} .scroll`).hidden = !hasRows;
}

// The resources that a call named or made, of those kinds that have pages.
function subjects(call, nouns) {
  const known = (call.about ?? []).filter(([noun]) => nouns.includes(noun));
  return element("span", { class: "ids" }, ...known.map(([noun, id]) => element("a", { class: "id", href: resourceHref(noun, id) }, id)));
}

function result({ status: code, code: name, took_us: took }) {
  const good = code === undefined || code < 400;
  const text = good ? name : element("a", { href: errorHref(name) }, name);
  const shown = element("span", { class: `status ${good ? "available" : "gaveup"}` }, code ? `${code} ` : "", text);
  return took === undefined ? shown : element("span", {}, shown, ` ${(took / 1000).toFixed(1)} ms`);
}

// A row of the latest calls; `nouns` are the kinds of resource that have pages.
export function callRow(call, nouns, names) {
  const given = call.parameters ?? [];
  const parameters = given.map(([name, value]) => `${name}=${value}`).join(" ");
  return tableRow([
    moment(call.at),
    call.action === "unknown" ? "unknown" : element("a", { href: opened(call.action, given), title: "Open it in the explorer as it was" }, call.action),
    subjects(call, nouns),
    element("code", { class: "given", title: parameters }, parameters),
    result(call),
    call.key ?? "unknown",
    element("code", {}, call.request_id),
  ], names);
}
