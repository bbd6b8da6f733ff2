// Fields that offer what really exists, asked from the API itself.

import { all, element, one } from "./common.js";
import { ask } from "./api.js";
import { region } from "./key.js";

const MOST = 100;

// How each kind is listed: a value, what to show beside it, and a status where it has one.
const LISTS = {
  async disk(within) {
    const reply = await ask("DescribeDisks", { RegionId: within, MaxResults: String(MOST) });
    return reply.Disks.Disk.map((disk) => ({
      value: disk.DiskId, status: disk.Status, instance: disk.InstanceId,
      text: [disk.DiskName, `${disk.Size} GiB`, disk.InstanceId && `on ${disk.InstanceId}`].filter(Boolean).join(", "),
    }));
  },
  async instance(within) {
    const reply = await ask("DescribeInstances", { RegionId: within, MaxResults: String(MOST) });
    return reply.Instances.Instance.map((instance) => ({
      value: instance.InstanceId, status: instance.Status,
      text: [instance.InstanceName, instance.InstanceType].filter(Boolean).join(", "),
    }));
  },
  async region() {
    const reply = await ask("DescribeRegions", {});
    return reply.Regions.Region.map((one) => ({ value: one.RegionId, text: one.LocalName }));
  },
  async zone(within) {
    const reply = await ask("DescribeZones", { RegionId: within });
    return reply.Zones.Zone.map((one) => ({ value: one.ZoneId, text: one.LocalName }));
  },
  async type() {
    const reply = await ask("DescribeInstanceTypes", {});
    return reply.InstanceTypes.InstanceType.map((one) => ({
      value: one.InstanceTypeId, text: `${one.CpuCoreCount} vCPU, ${one.MemorySize} GiB`,
    }));
  },
  async image(within) {
    const reply = await ask("DescribeImages", { RegionId: within, PageSize: String(MOST) });
    return reply.Images.Image.map((one) => ({ value: one.ImageId, text: one.OSName }));
  },
};

const fieldOf = (picker) => one("input", picker.parentElement);
const regionOf = (form) => form.elements.RegionId?.value || region();

function options(found, fits) {
  const wanted = fits.split(" ").filter(Boolean);
  const shown = ({ value, status, text, instance }) =>
    element("option", { value, "data-instance": instance || null },
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

async function fill(picker, form) {
  const first = element("option", { value: "" }, "Choose …");
  try {
    const found = await LISTS[picker.dataset.pick](regionOf(form));
    if (!found.length) first.textContent = `There is none in ${regionOf(form)}`;
    picker.replaceChildren(first, ...options(found, picker.dataset.fits));
  } catch (trouble) {
    first.textContent = "Cannot list";
    picker.title = trouble.message;
    picker.replaceChildren(first);
  }
}

function take(picker, form) {
  const chosen = picker.selectedOptions[0];
  if (!chosen?.value) return;
  const field = fieldOf(picker);
  field.value = picker.hasAttribute("data-many") ? withOneMore(field.value, chosen.value) : chosen.value;
  // The instance that a disk is on is the one that is meant.
  const instance = form.elements.InstanceId;
  if (chosen.dataset.instance && instance && instance !== field) instance.value = chosen.dataset.instance;
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

// Lists are asked for when somebody is about to look at them: each time, since things change.
export function offer(form, within = form) {
  for (const picker of all("select.pick", within)) {
    picker.hidden = false;
    const refresh = () => fill(picker, form);
    picker.addEventListener("pointerenter", refresh);
    picker.addEventListener("focus", refresh);
    picker.addEventListener("change", () => take(picker, form));
  }
}
