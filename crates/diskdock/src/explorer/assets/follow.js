// Follows resources by asking for them, as a client has to, until their statuses are lasting. What kind
// they are, and how that kind is listed, the page says.

import { all, element, pause } from "./common.js";
import { entries } from "./listing.js";
import { region } from "./key.js";

const EVERY_MS = 150;
const LATER_MS = 1000;
const SOON_MS = 10_000;
const DEADLINE_MS = 600_000;

async function listed(kind, ids, within) {
  const found = await entries(kind, within, ids);
  const where = (entry) => (kind.holder && entry[kind.holder] ? `on ${entry[kind.holder]}` : "");
  return found.map((entry) => [entry[kind.id], entry.Status, where(entry)]);
}

// The region that has them: an action need not name it.
export async function regionOf(kind, regions, ids, named) {
  const first = named || region();
  if ((await listed(kind, ids, first)).length) return first;
  for (const { [regions.id]: other } of await entries(regions)) {
    if ((await listed(kind, ids, other)).length) return other;
  }
  return first;
}

// The texts at a place of a reply, be it JSON or XML.
function texts(reply, path) {
  if (reply instanceof Document) return all(`:root > ${path.join(" > ")}`, reply).map((node) => node.textContent);
  const found = path.reduce((inside, name) => inside?.[name], reply);
  return found === undefined ? [] : [found].flat();
}

// The ids that a call was about: where the action says, in the reply or in what was asked for.
export function concerned({ requested, replied }, parameters, reply) {
  if (replied) return texts(reply, replied);
  return parameters.filter(([name]) => name === requested || name.startsWith(`${requested}.`)).map(([, value]) => value);
}

function row(began, id, status, where, several) {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return element("li", { "data-status": status },
    element("span", { class: "when" }, `${seconds} s`), " ",
    element("span", { class: `status ${status.toLowerCase()}` }, status),
    several ? ` ${id}` : null, where ? ` ${where}` : null);
}

// Adds a line to `list` for every change of status; ends when all have settled or are gone.
export async function follow(kind, regions, ids, named, list, stopped) {
  const began = performance.now();
  const last = new Map();
  const within = await regionOf(kind, regions, ids, named);
  while (!stopped.aborted && performance.now() - began < DEADLINE_MS) {
    const found = new Map((await listed(kind, ids, within)).map(([id, ...state]) => [id, state]));
    for (const id of ids) {
      const [status, where] = found.get(id) ?? ["Gone", ""];
      if (last.get(id) === status) continue;
      last.set(id, status);
      list.append(row(began, id, status, where, ids.length > 1));
    }
    if (ids.every((id) => last.get(id) === "Gone" || kind.lasting.includes(last.get(id)))) return true;
    await pause(performance.now() - began < SOON_MS ? EVERY_MS : LATER_MS);
  }
  return false;
}
