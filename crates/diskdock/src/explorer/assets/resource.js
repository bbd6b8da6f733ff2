// The page of one resource: asks the API for it whenever something has changed, and the operator's
// controls for its history.

import { copyButton, element, one, pause } from "./common.js";
import { regionOf } from "./follow.js";
import { controlsPath } from "./key.js";
import { keyed } from "./keyed.js";
import { entries } from "./listing.js";
import { callRow, columns, deadline, duration, ending, moment, operationState, resourceHref, showWhether, since, status, tableRow, tellTime } from "./rows.js";
import { watchForever, withToken } from "./stream.js";
import { jsonView, linker } from "./tree.js";

// Without the stream of changes, it is asked for this often.
const EVERY_MS = 3000;
// Changes that follow each other are looked at together.
const AFTER_MS = 250;

const root = one(".resource");
const { noun, id } = root.dataset;
const [kinds, nouns] = [JSON.parse(root.dataset.kinds), JSON.parse(root.dataset.nouns)];
const kind = kinds[noun];
const watching = one(".watching");
const refusal = one(".refusal", root);
const [operationColumns, endedColumns, eventColumns, callColumns] = ["#operations", "#ended", "#events", "#calls"].map(columns);
const changes = one("#changes ol");
let region = root.dataset.region;
let last;
let shown;

function tell(text, gone) {
  if (watching.textContent !== text) watching.textContent = text;
  watching.classList.toggle("gone", gone);
  root.classList.toggle("stale", gone);
}

// A line for every change of what a person looks at first: the status, and what it is on.
function noteChange(entry) {
  const holder = kind.holder && entry?.[kind.holder];
  const now = `${entry?.Status ?? (entry ? "there" : "gone")}${holder ? ` on ${holder}` : ""}`;
  if (last !== undefined && last !== now) {
    changes.prepend(element("li", {}, moment(new Date().toISOString().slice(0, 19)), " ", now));
    one("#changes .quiet").hidden = true;
  }
  last = now;
}

const link = linker(JSON.parse(root.dataset.prefixes), (of, other) => other !== id && resourceHref(of, other, region));

function showFields(entry) {
  noteChange(entry);
  const states = one(".what-it-is", root);
  const holder = kind.holder && entry?.[kind.holder];
  if (!entry) states.replaceChildren(element("strong", {}, `There is no ${noun} ${id} in ${region} now.`));
  else states.replaceChildren(entry.Status ? status(entry.Status) : "", holder ? " on " : "", holder ? (link(holder) ? element("a", { class: "id", href: link(holder) }, holder) : holder) : "");
  one(".fields", root).classList.toggle("past", !entry);
  for (const use of root.querySelectorAll("[data-fits]")) {
    const fits = use.dataset.fits.split(" ").filter(Boolean);
    use.classList.toggle("unfit", !entry || (fits.length > 0 && !fits.includes(entry.Status)));
  }
  const text = JSON.stringify(entry);
  if (!entry || text === shown) return;
  shown = text;
  one(".fields", root).replaceChildren(jsonView(entry, link).node);
}

function operationRow(one) {
  return tableRow([operationState(one), one.kind, one.phase, String(one.tries), since(one.created_at), deadline(one), one.last_event], operationColumns);
}

function endedRow(one) {
  return tableRow([ending(one.result), one.kind, moment(one.ended_at), one.took_ms === undefined ? "" : duration(one.took_ms), String(one.tries), one.reason], endedColumns);
}

function eventRow(one) {
  return tableRow([moment(one.at), one.kind, one.phase, one.event], eventColumns);
}

const showOperations = keyed(one("#operations tbody"), operationRow);
const showEnded = keyed(one("#ended tbody"), endedRow);
const showEvents = keyed(one("#events tbody"), eventRow);
const showCalls = keyed(one("#calls tbody"), (call) => callRow(call, nouns, callColumns));

function showList(section, rows, show) {
  show(rows);
  showWhether(section, rows.length > 0);
}

async function showHistory() {
  const response = await fetch(`${await controlsPath()}/history/${encodeURIComponent(id)}`, { headers: withToken(), cache: "no-store" });
  const answer = await response.json();
  if (!response.ok) {
    refusal.replaceChildren(element("p", { class: "notice" }, `Without its history: ${answer.error}. The console takes the token.`));
    return;
  }
  tellTime(answer.now);
  showList("#operations", answer.operations, showOperations);
  showList("#ended", answer.ended, showEnded);
  showList("#events", answer.events, showEvents);
  showList("#calls", answer.calls.map((call) => ({ ...call, id: call.request_id })), showCalls);
}

async function look() {
  try {
    // Where it was found once it is looked for, even if it is gone.
    if (last === undefined) region = await regionOf(kind, kinds.region, [id], region);
    const [entry] = await entries(kind, region, [id]);
    refusal.replaceChildren();
    showFields(entry);
    await showHistory();
  } catch (error) {
    refusal.replaceChildren(element("p", { class: "verdict bad" }, `Cannot look: ${error.message}`));
  }
}

// One look at a time; what changes meanwhile is looked at after it.
let looking = false;
let again = false;

async function lookSoon() {
  again = true;
  if (looking) return;
  looking = true;
  while (again) {
    again = false;
    await look();
    await pause(AFTER_MS);
  }
  looking = false;
}

// Reads change nothing, this page's own least of all.
function changesAnything({ delta }) {
  if (!delta) return true;
  const { calls, ...others } = delta;
  return Object.keys(others).length > 0 || !!calls?.all || calls?.added.some(([, call]) => !call.reads);
}

// The terminal's own script, and what it needs, come when it is asked for.
one("#terminal .open")?.addEventListener("click", async (event) => {
  const terminal = await import("./terminal.js");
  terminal.openIn(event.target.closest("section"), id);
});

root.hidden = false;
showList("#operations", [], showOperations);
showList("#ended", [], showEnded);
showList("#events", [], showEvents);
showList("#calls", [], showCalls);
one("h1 .id").after(" ", copyButton(id, id));
document.addEventListener("key-changed", lookSoon);
watchForever({
  seen(_, event) {
    tell("Watching live.", false);
    if (changesAnything(event)) lookSoon();
  },
  refused(code) {
    if (code !== 403) return;
    tell("Looked at again every few seconds.", false);
    lookSoon();
    setInterval(() => document.hidden || lookSoon(), EVERY_MS);
  },
  gone: () => tell(`The server is gone since ${new Date().toLocaleTimeString()}: what is shown is from before. Trying again …`, true),
});
