// Follows a resource by asking for it, as a client has to, until its status settles.

import { element, pause } from "./common.js";
import { ask } from "./api.js";
import { region } from "./key.js";

const SETTLED = { disk: ["Available", "In_use"], instance: ["Running", "Stopped"] };
const EVERY_MS = 150;
const LATER_MS = 1000;
const SOON_MS = 10_000;
const DEADLINE_MS = 600_000;

async function listed(kind, ids, within) {
  if (kind === "disk") {
    const reply = await ask("DescribeDisks", { RegionId: within, DiskIds: JSON.stringify(ids), MaxResults: "100" });
    return reply.Disks.Disk.map((disk) => [disk.DiskId, disk.Status, disk.InstanceId ? `on ${disk.InstanceId}` : ""]);
  }
  const reply = await ask("DescribeInstances", { RegionId: within, InstanceIds: JSON.stringify(ids), MaxResults: "100" });
  return reply.Instances.Instance.map((instance) => [instance.InstanceId, instance.Status, ""]);
}

// The region that has them: an action need not name it.
async function regionOf(kind, ids, named) {
  const first = named || region();
  if ((await listed(kind, ids, first)).length) return first;
  const { Regions } = await ask("DescribeRegions", {});
  for (const { RegionId } of Regions.Region) {
    if ((await listed(kind, ids, RegionId)).length) return RegionId;
  }
  return first;
}

// The ids that a call was about: what the reply names, else what was asked for.
export function concerned(kind, parameters, reply) {
  const name = kind === "disk" ? "DiskId" : "InstanceId";
  if (typeof reply?.[name] === "string") return [reply[name]];
  const sets = reply?.InstanceIdSets?.InstanceIdSet;
  if (kind === "instance" && Array.isArray(sets)) return sets;
  return parameters.filter(([key]) => key === name || key.startsWith(`${name}.`)).map(([, value]) => value);
}

function row(began, id, status, where, several) {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return element("li", { "data-status": status },
    element("span", { class: "when" }, `${seconds} s`), " ",
    element("span", { class: `status ${status.toLowerCase()}` }, status),
    several ? ` ${id}` : null, where ? ` ${where}` : null);
}

// Adds a line to `list` for every change of status; ends when all have settled or are gone.
export async function follow(kind, ids, named, list, stopped) {
  const began = performance.now();
  const last = new Map();
  const within = await regionOf(kind, ids, named);
  while (!stopped.aborted && performance.now() - began < DEADLINE_MS) {
    const found = new Map((await listed(kind, ids, within)).map(([id, ...state]) => [id, state]));
    for (const id of ids) {
      const [status, where] = found.get(id) ?? ["Gone", ""];
      if (last.get(id) === status) continue;
      last.set(id, status);
      list.append(row(began, id, status, where, ids.length > 1));
    }
    if (ids.every((id) => last.get(id) === "Gone" || SETTLED[kind].includes(last.get(id)))) return true;
    await pause(performance.now() - began < SOON_MS ? EVERY_MS : LATER_MS);
  }
  return false;
}
