// What the console's buttons do: calls through the signed API like anybody else's, and the
// operator's controls. What takes away asks first.

import { element, errorHref, one, pause } from "./common.js";
import { ask, send } from "./api.js";
import { withToken } from "./stream.js";

const LOOK_AGAIN_MS = 500;
const CREATED_WITHIN_MS = 120_000;

const root = one(".console");
const refusal = one(".refusal");
const dialog = one("dialog.ask");
const { version } = root.dataset;
const cautions = JSON.parse(root.dataset.cautions);

export const forget = () => refusal.replaceChildren();
export const refused = (...parts) => refusal.replaceChildren(element("p", { class: "verdict bad" }, ...parts));

// Whether it was done.
async function act(action, parameters) {
  forget();
  try {
    const { status, text } = await send(action, version, Object.entries(parameters));
    if (status < 400) return true;
    const { Code, Message } = JSON.parse(text);
    refused(`${action}: `, element("a", { href: errorHref(Code) }, Code), ` ${Message}`);
  } catch (error) {
    refused(`${action}: no answer: ${error.message}`);
  }
  return false;
}

// A control of the operator on the operations of a disk or an instance.
export async function control(verb, concerned) {
  forget();
  try {
    const headers = withToken({ "content-type": "application/json" });
    const body = JSON.stringify(concerned);
    const response = await fetch(`/_diskdock/transitions/${verb}`, { method: "POST", headers, body });
    if (response.ok) return;
    const { error, hint } = await response.json();
    refused(`${verb}: ${error}. ${hint}`);
  } catch (error) {
    refused(`${verb}: no answer: ${error.message}`);
  }
}

// Resolves to whether the person agrees; with a `size`, to the number of GiB, and with the label
// of a `text`, to the text, or null.
function sure(what, said, { size, text } = {}) {
  one("h2", dialog).textContent = `${what}?`;
  one(".said", dialog).textContent = [said, cautions[what]].filter(Boolean).join(" ");
  const yes = one("button[value=yes]", dialog);
  yes.textContent = `Yes, ${what}`;
  yes.className = size || text ? "primary" : "danger";
  for (const [name, wanted] of [["size", size], ["text", text]]) {
    const given = one(`.given-${name}`, dialog);
    given.hidden = !wanted;
    // A hidden field must not keep the form from being sent.
    one("input", given).disabled = !wanted;
  }
  const field = one(text ? ".given-text input" : ".given-size input", dialog);
  one(".given-text span", dialog).textContent = text ?? "";
  [field.min, field.value] = [size ?? 1, size ?? ""];
  dialog.returnValue = "no";
  dialog.showModal();
  const answer = () => {
    const agreed = dialog.returnValue === "yes";
    return size || text ? (agreed ? field.value : null) : agreed;
  };
  return new Promise((done) => dialog.addEventListener("close", () => done(answer()), { once: true }));
}

export const attach = (DiskId, InstanceId) => act("AttachDisk", { DiskId, InstanceId });

export async function detach(DiskId, InstanceId) {
  if (await sure("DetachDisk", `${DiskId} leaves ${InstanceId}.`)) await act("DetachDisk", { DiskId, InstanceId });
}

export async function refuse(concerned) {
  const of = Object.values(concerned).join(" at ");
  const said = `The transition under way on ${of} fails, as when a guest keeps the device.`;
  if (await sure("refuse", said)) await control("refuse", concerned);
}

async function resize(disk) {
  const said = `${disk.id} has ${disk.size} GiB. It can only grow.`;
  const NewSize = await sure("ResizeDisk", said, { size: disk.size + 1 });
  if (NewSize) await act("ResizeDisk", { DiskId: disk.id, NewSize, Type: disk.status === "In_use" ? "online" : "offline" });
}

async function takeSnapshot(disk) {
  const name = await sure("CreateSnapshot", `A snapshot of ${disk.id} as it is now.`, { text: "Name" });
  if (name) await act("CreateSnapshot", { DiskId: disk.id, SnapshotName: name });
}

// Sets a tag, given as it is shown: key=value.
async function tag(kind, { id, region: RegionId }) {
  const given = await sure("TagResources", `A tag of ${id}. One with the same key is replaced.`, { text: "key=value" });
  if (!given) return;
  const [key, ...rest] = given.split("=");
  await act("TagResources", { RegionId, ResourceType: kind, "ResourceId.1": id, "Tag.1.Key": key.trim(), "Tag.1.Value": rest.join("=").trim() });
}

async function deleteDisk(DiskId) {
  if (await sure("DeleteDisk", `${DiskId} is deleted.`)) await act("DeleteDisk", { DiskId });
}

async function deleteInstance(InstanceId) {
  if (await sure("DeleteInstance", `${InstanceId} is deleted.`)) await act("DeleteInstance", { InstanceId });
}

async function interrupt(action, InstanceId) {
  if (await sure(action, `This is about ${InstanceId}.`)) await act(action, { InstanceId });
}

// A new disk in the instance's zone, attached as soon as it is Available.
async function addDisk({ id, region: RegionId, zone: ZoneId }) {
  const Size = await sure("CreateDisk", `A new cloud_essd disk in ${ZoneId}, attached to ${id}.`, { size: 20 });
  if (!Size) return;
  forget();
  try {
    const { DiskId } = await ask("CreateDisk", version, { RegionId, ZoneId, Size, DiskCategory: "cloud_essd" });
    const end = performance.now() + CREATED_WITHIN_MS;
    for (;;) {
      const { Disks } = await ask("DescribeDisks", version, { RegionId, DiskIds: JSON.stringify([DiskId]) });
      if (Disks.Disk[0]?.Status === "Available") break;
      if (performance.now() > end) return refused(`${DiskId} is not Available yet: attach it when it is.`);
      await pause(LOOK_AGAIN_MS);
    }
    await attach(DiskId, id);
  } catch (error) {
    refused(`The disk was not made: ${error.message}`);
  }
}

// What can be done with an instance in its status: a text and a function for each.
export function instanceVerbs(instance) {
  const { id: InstanceId, status } = instance;
  const both = [["Add a disk", () => addDisk(instance)], ["Tag", () => tag("instance", instance)]];
  if (status === "Running") return [["Stop", () => interrupt("StopInstance", InstanceId)], ["Reboot", () => interrupt("RebootInstance", InstanceId)], ...both];
  if (status === "Stopped") return [["Start", () => act("StartInstance", { InstanceId })], ["Delete", () => deleteInstance(InstanceId)], ...both];
  return [];
}

// And with a disk, on an instance of that status or on none.
export function diskVerbs(disk, instance) {
  const still = ["Available", "In_use"].includes(disk.status);
  const verbs = [];
  if (instance && disk.status === "In_use" && disk.portable && disk.kind === "data") verbs.push(["Detach", () => detach(disk.id, instance.id)]);
  if (still && (!instance || instance.status === "Running")) verbs.push(["Resize", () => resize(disk)]);
  if (still && disk.was_attached) verbs.push(["Snapshot", () => takeSnapshot(disk)]);
  if (still) verbs.push(["Tag", () => tag("disk", disk)]);
  if (!instance && disk.status === "Available") verbs.push(["Delete", () => deleteDisk(disk.id)]);
  return verbs;
}

// Two running instances, and three disks beside them.
export async function makeExample(RegionId) {
  forget();
  try {
    const { Images } = await ask("DescribeImages", version, { RegionId });
    const { Zones } = await ask("DescribeZones", version, { RegionId });
    const ZoneId = Zones.Zone.at(-1).ZoneId;
    const ImageId = Images.Image[0].ImageId;
    await ask("RunInstances", version, { RegionId, ZoneId, ImageId, InstanceType: "ecs.g6.large", InstanceName: "example", Amount: "2" });
    for (const DiskName of ["example-1", "example-2", "example-3"]) await ask("CreateDisk", version, { RegionId, ZoneId, DiskName, DiskCategory: "cloud_essd", Size: "20" });
  } catch (error) {
    refused(`The example was not made: ${error.message}`);
  }
}
