// The console: shows every picture that the server sends, and attaches and detaches through the
// signed API like anybody else.

import { actionHref, all, element, errorHref, keep, kept, one, pause } from "./common.js";
import { send } from "./api.js";

const AGAIN_MS = 1000;
const root = one(".console");
const watching = one(".watching");
const refusal = one(".refusal");
const tokenForm = one("form.token");
const reads = one("#reads");
let picture;
let dragged;

// Server-sent events over fetch, which unlike EventSource can carry the admin token.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
  }
}

async function watch() {
  const token = kept("token");
  const headers = token ? { "x-diskdock-token": token } : {};
  const response = await fetch("/_diskdock/watch", { headers, cache: "no-store" });
  if (!response.ok) {
    const { error, hint } = await response.json();
    watching.textContent = `Cannot watch: ${error}. ${hint}`;
    tokenForm.hidden = response.status !== 403;
    return response.status !== 403;
  }
  tokenForm.hidden = true;
  for await (const seen of events(response)) {
    picture = seen;
    const told = seen.truncated
      ? "Watching live. There is more than is shown here: DescribeInstances and DescribeDisks list everything."
      : "Watching live.";
    // Said anew it would be read out anew.
    if (watching.textContent !== told) watching.textContent = told;
    if (!dragged) show();
  }
  return true;
}

async function watchForever() {
  for (;;) {
    try {
      if (!(await watch())) return;
    } catch {}
    watching.textContent = "The server is gone; trying again …";
    await pause(AGAIN_MS);
  }
}

async function act(action, parameters) {
  refusal.replaceChildren();
  try {
    const { status, text } = await send(action, root.dataset.version, Object.entries(parameters));
    if (status < 400) return;
    const { Code, Message } = JSON.parse(text);
    refusal.replaceChildren(element("p", { class: "verdict bad" }, `${action}: `, element("a", { href: errorHref(Code) }, Code), ` ${Message}`));
  } catch (trouble) {
    refusal.replaceChildren(element("p", { class: "verdict bad" }, `${action}: no answer: ${trouble.message}`));
  }
}

const attach = (DiskId, InstanceId) => act("AttachDisk", { DiskId, InstanceId });
const detach = (DiskId, InstanceId) => act("DetachDisk", { DiskId, InstanceId });
const status = (text) => element("span", { class: `status ${text.toLowerCase()}` }, text);
const opened = (action, parameters) => `${actionHref(action)}?${new URLSearchParams(parameters)}`;

function draggable(card, disk, instance) {
  card.draggable = true;
  card.addEventListener("dragstart", (event) => {
    dragged = { disk: disk.id, instance };
    event.dataTransfer.setData("text/plain", disk.id);
    event.dataTransfer.effectAllowed = "move";
  });
  card.addEventListener("dragend", () => {
    dragged = undefined;
    show();
  });
}

function droppable(place, dropped) {
  const accepts = () => dragged && dragged.instance !== place.dataset.instance;
  place.addEventListener("dragover", (event) => {
    if (!accepts()) return;
    event.preventDefault();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    if (accepts()) dropped(dragged);
  });
}

// A list of places to attach to; choosing one attaches.
function attachTo(disk) {
  const fits = picture.instances.filter((one) => one.zone === disk.zone && one.account === disk.account && ["Running", "Stopped"].includes(one.status));
  if (disk.status !== "Available" || !fits.length) return null;
  const options = fits.map(({ id, name }) => element("option", { value: id }, name ? `${name} · ${id}` : id));
  const list = element("select", { "aria-label": `Attach ${disk.id} to`, "data-focus": `attach-${disk.id}` }, element("option", { value: "" }, "Attach to …"), ...options);
  list.addEventListener("change", () => list.value && attach(disk.id, list.value));
  return list;
}

function diskCard(disk, instance) {
  const off = instance && disk.status === "In_use" && disk.portable && disk.kind === "data";
  const button = off ? element("button", { type: "button", class: "small", "data-focus": `detach-${disk.id}`, "aria-label": `Detach ${disk.id}`, onclick: () => detach(disk.id, instance.id) }, "Detach") : null;
  const card = element("li", { class: "disk", "data-disk": disk.id },
    element("div", {}, element("span", { class: "id" }, disk.id), status(disk.status)),
    element("span", { class: "about" }, [disk.name, `${disk.size} GiB`, disk.category, disk.kind === "system" ? "system disk" : disk.device].filter(Boolean).join(" · ")),
    button, instance ? null : attachTo(disk));
  if (off || (!instance && disk.status === "Available")) draggable(card, disk, instance?.id);
  return card;
}

function instanceCard(instance) {
  const disks = instance.disks.map((disk) => diskCard(disk, instance));
  const card = element("article", { class: "instance drop", "data-instance": instance.id, "aria-label": `Instance ${instance.id}` },
    element("h3", {}, instance.name || instance.id, " ", status(instance.status)),
    element("p", { class: "about" }, [instance.id, instance.type, instance.zone, ...instance.locks.map((lock) => `locked: ${lock}`)].join(" · ")),
    instance.paused ? element("p", { class: "about", role: "status" }, `Paused: ${instance.paused}`) : null,
    element("ul", { class: "disks" }, ...disks));
  droppable(card, ({ disk }) => attach(disk, instance.id));
  return card;
}

function table(name, head, rows) {
  if (!rows.length) return element("p", { class: "quiet" }, "None.");
  const cells = (tag, row) => row.map((cell) => element(tag, {}, cell ?? ""));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name, "data-focus": name }, element("table", {},
    element("thead", {}, element("tr", {}, ...cells("th", head))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row))))));
}

function operations() {
  const row = (one) => [
    one.given_up ? element("span", { class: "status gaveup" }, "given up") : element("span", { class: "status" }, "in flight"),
    one.kind, [one.disk, one.instance].filter(Boolean).join(" at "), one.phase, String(one.tries), one.given_up ? "" : one.deadline_at, one.last_event,
  ];
  return table("Operations", ["", "Operation", "Of", "Step", "Tries", "Deadline", "What happened last"], picture.operations.map(row));
}

function calls() {
  const shown = picture.calls.filter((call) => reads.checked || !(call.status < 400 && call.reads));
  const row = (call) => [
    call.at.slice(11, 19),
    call.action === "unknown" ? "unknown" : element("a", { href: opened(call.action, call.parameters), title: "Open it in the explorer as it was" }, call.action),
    call.key ?? "unknown",
    element("span", { class: `status ${call.status < 400 ? "available" : "gaveup"}` }, `${call.status} ${call.code}`),
    `${(call.took_us / 1000).toFixed(1)} ms`,
    element("code", {}, call.request_id),
  ];
  return table("Latest calls", ["When", "Action", "Who", "Result", "Took", "RequestId"], shown.map(row));
}

const orQuiet = (made, text) => (made.length ? made : [element("p", { class: "quiet" }, text)]);

// Draws the picture anew and puts the focus back to where it was.
function show() {
  if (!picture) return;
  const focused = document.activeElement?.dataset?.focus;
  one(".instances").replaceChildren(...orQuiet(picture.instances.map(instanceCard), "There is no instance yet: RunInstances makes one."));
  const free = picture.free.map((disk) => diskCard(disk));
  one(".free").replaceChildren(free.length ? element("ul", { class: "disks" }, ...free) : element("p", { class: "quiet" }, "None. Drop a disk here to detach it."));
  one(".operations").replaceChildren(operations());
  one(".calls").replaceChildren(calls());
  if (focused) all("[data-focus]").find((each) => each.dataset.focus === focused)?.focus();
}

root.hidden = false;
droppable(one(".free"), ({ disk, instance }) => instance && detach(disk, instance));
reads.addEventListener("change", show);
tokenForm.addEventListener("submit", (event) => {
  event.preventDefault();
  keep("token", one("#token").value.trim());
  watchForever();
});
watchForever();
