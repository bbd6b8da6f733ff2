// The console: shows what the server sends, and has the buttons of acts.js beside it.

import { canEnter, canLeave, control, enter, leave, listings, makeExample, refuse, takes, verbsOf } from "./acts.js";
import { all, element, keep, one } from "./common.js";
import { atLeast, keyed, matching, paged, refill } from "./keyed.js";
import { MAIN, region, world } from "./key.js";
import { callRow, columns, deadline, identity, operationState, showWhether, since, smallButton, status, tableRow, tellTime } from "./rows.js";
import { watchForever } from "./stream.js";

// Instances up to this number are unfolded at first, and are a list to choose from.
const FEW = 20;

const root = one(".console");
const nouns = JSON.parse(root.dataset.nouns);
const watching = one(".watching");
const tokenForm = one("form.token");
const filter = one("#filter");
const place = one("#region");
const reads = one("#reads");
const [operationColumns, callColumns] = [columns("#operations"), columns("#calls")];
let picture;
let dragged;

// Said anew it would be read out anew.
function tell(text, gone) {
  if (watching.textContent !== text) watching.textContent = text;
  watching.classList.toggle("gone", gone);
  root.classList.toggle("stale", gone && !!picture);
  for (const section of all("section", root)) section.inert = gone;
}

// Said of a list that is not whole.
const MORE = {
  instances: `There are more instances than are shown: ${listings[0]} lists all.`,
  free: `There are more free disks than are shown: ${listings[1]} lists all.`,
  operations: "There are more operations than are shown: diskdock admin operations lists all.",
};
const isCut = (name) => !!picture.cut?.includes(name);

// The console is that of the main world.
async function tellWorld() {
  const name = await world();
  const place = one(".of-world");
  place.hidden = name === MAIN;
  place.textContent = `The key above leads to the world ${name}; what is shown here is the main one. Its pages of resources and its controls follow the key.`;
}
document.addEventListener("key-changed", tellWorld);
tellWorld();

const watch = () => watchForever({
  seen(now) {
    picture = now;
    tokenForm.hidden = true;
    tell(["Watching live.", ...(picture.cut ?? []).map((name) => MORE[name])].join(" "), false);
    if (picture.now) tellTime(picture.now);
    // A fault in drawing is no fault of the server.
    if (!dragged) queueMicrotask(show);
  },
  refused(code, { error, hint }) {
    tell(`Cannot watch: ${error}. ${hint}`, true);
    tokenForm.hidden = code !== 403;
  },
  gone() {
    if (watching.classList.contains("gone")) return;
    const at = new Date().toLocaleTimeString();
    tell(`The server is gone since ${at}: what is shown is from before. Trying again …`, true);
  },
});

const diskIdentity = (disk) => identity("disk", disk.id, disk.region);
const instanceIdentity = (instance) => identity("instance", instance.id, instance.region);

// A button for each thing that can be done with what has the id.
function verbs(all, id) {
  if (!all.length) return null;
  return element("span", { class: "verbs" }, ...all.map(([text, onclick]) => smallButton(`${text} ${id}`, text, onclick)));
}

function draggable(card, disk, instance) {
  card.draggable = true;
  card.addEventListener("dragstart", (event) => {
    dragged = { disk, instance };
    event.dataTransfer.setData("text/plain", disk.id);
    event.dataTransfer.effectAllowed = "move";
    event.stopPropagation();
  });
  card.addEventListener("dragend", () => {
    dragged = undefined;
    show();
  });
}

function droppable(target, dropped) {
  const accepts = () => dragged && dragged.instance?.id !== target.dataset.instance;
  target.addEventListener("dragover", (event) => {
    if (!accepts()) return;
    event.preventDefault();
    target.classList.add("over");
  });
  target.addEventListener("dragleave", () => target.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("over");
    if (accepts()) dropped(dragged);
  });
}

// Choosing from a list attaches; where it would be long, typing does.
function attachTo({ disk, fits }) {
  if (!canEnter("disk", disk) || !fits.length) return null;
  const label = `Attach ${disk.id} to`;
  const names = { "aria-label": label, "data-focus": label };
  const option = ({ id, name }) => element("option", { value: id }, name ? `${name} · ${id}` : id);
  const list = Array.isArray(fits)
    ? element("select", names, element("option", { value: "" }, "Attach to …"), ...fits.map(option))
    : element("input", { ...names, list: "all-instances", placeholder: "Attach to i-…", spellcheck: "false" });
  list.addEventListener("change", () => {
    const wanted = list.value.trim();
    if (wanted) enter("disk", disk, { id: wanted });
  });
  return list;
}

function diskCard(disk, instance, fits) {
  const card = element("li", { class: "disk", "data-disk": disk.id },
    element("div", {}, diskIdentity(disk), status(disk.status)),
    element("span", { class: "about" }, [disk.name, `${disk.size} GiB`, disk.category, disk.kind === "system" ? "system disk" : disk.device, !instance && disk.zone].filter(Boolean).join(" · ")),
    disk.damage ? element("p", { class: "notice", role: "status" }, `Damaged: ${disk.damage}`) : "",
    verbs(verbsOf("disk", disk, instance), disk.id),
    instance ? null : attachTo({ disk, fits }));
  if (instance ? canLeave("disk", disk, instance) : canEnter("disk", disk)) draggable(card, disk, instance);
  return card;
}

function summaryOf(instance) {
  const count = instance.disks.length;
  const states = [`${count} ${count === 1 ? "disk" : "disks"}`, instance.lost && "cannot be reached", instance.paused && "paused", instance.disks.some((disk) => disk.damage) && "damaged disk", ...instance.locks.map((lock) => `locked: ${lock}`)];
  return [
    element("strong", {}, instance.name || instance.id), status(instance.status),
    element("span", { class: "about" }, [instance.name && instance.id, instance.type, instance.zone].filter(Boolean).join(" · ")),
    element("span", { class: "about" }, states.filter(Boolean).join(" · "))];
}

// What keeps an instance from doing what it is asked for.
const marksOf = ({ paused, lost, locks }) => [
  paused && `Paused: ${paused}`,
  lost && "Its machine cannot be reached, and its guest may still write: find it again, or fence it.",
  locks.length && `Locked for ${locks.join(" and ")}: most calls about it are refused until it is unlocked.`,
].filter(Boolean);

// A row, whose disks are made when it is unfolded. What of it does not change stays as it is.
function newRow(id) {
  const summary = element("summary", { "data-focus": `fold-${id}` });
  const [heading, marks, list] = [element("p", { class: "about heading" }), element("div"), element("ul", { class: "disks" })];
  const row = element("details", { class: "instance drop", "data-instance": id, "aria-label": `Instance ${id}` }, summary);
  const showDisks = keyed(list, ({ disk, on }) => diskCard(disk, on));
  let instance;
  const unfold = () => {
    if (!row.open) return;
    if (row.childElementCount === 1) row.append(heading, marks, list);
    refill(heading, [instance.status, instance.region], () => [instanceIdentity(instance), verbs(verbsOf("instance", instance), id)]);
    refill(marks, [instance.paused, instance.lost, instance.locks], () => marksOf(instance).map((text) => element("p", { class: "notice", role: "status" }, text)));
    const on = { id, status: instance.status };
    showDisks(instance.disks.map((disk) => ({ id: disk.id, disk, on })));
  };
  row.addEventListener("toggle", unfold);
  droppable(row, ({ disk }) => enter("disk", disk, instance));
  row.open = picture.instances.length <= FEW;
  row.update = (now) => {
    instance = now;
    refill(summary, { ...now, tags: null, disks: now.disks.map(({ damage }) => !!damage) }, () => summaryOf(now));
    unfold();
  };
  return row;
}

function instanceRow(instance, old) {
  const row = old ?? newRow(instance.id);
  row.update(instance);
  return row;
}

function freeCard({ disk, fits }) {
  return diskCard(disk, undefined, fits);
}

// The console with only what has this id.
const narrowedTo = (id) => element("a", { class: "id", href: `?${new URLSearchParams({ filter: id })}` }, id);

function operationRow(one) {
  const concerned = Object.fromEntries(["disk", "instance"].filter((kind) => one[kind]).map((kind) => [kind, one[kind]]));
  const of = Object.values(concerned).join(" at ");
  const ways = { finish: ["Finish", control], refuse: ["Refuse", (_, what) => refuse(what)], step: ["Retry", control] };
  const buttons = one.given_up ? [] : (one.can ?? []).map((verb) => {
    const [label, act] = ways[verb];
    return smallButton(`${label} ${one.kind} of ${of}`, label, () => act(verb, concerned));
  });
  const ids = element("span", { class: "ids" }, ...Object.values(concerned).map(narrowedTo));
  return tableRow([operationState(one), one.kind, ids, one.phase, String(one.tries), since(one.created_at), deadline(one), one.last_event, element("span", { class: "verbs" }, ...buttons)], operationColumns);
}

const showInstances = paged(one(".instances .list"), instanceRow, one(".instances .more"), () => show());
const showFree = paged(one(".free .disks"), freeCard, one(".free .more"), () => show());
const showOperations = paged(one(".operations tbody"), operationRow, one(".operations .more"), () => show());
const showCalls = keyed(one(".calls tbody"), (call) => callRow(call, nouns, callColumns));

const diskTexts = (disk) => [disk.id, disk.name, disk.status, disk.zone, disk.region, disk.category, disk.account, disk.device, ...disk.tags];
const instanceTexts = (each) => [each.id, each.name, each.status, each.zone, each.region, each.type, each.account, ...each.locks, ...each.tags, ...each.disks.flatMap(diskTexts)];
const here = (thing) => !place.value || thing.region === place.value;

// How many there are of each status: "3 Running, 1 Stopped".
function byStatus(things, number) {
  const counts = new Map();
  for (const { status } of things) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].sort().map(([status, count]) => `${number(count)} ${status}`).join(", ");
}

// The number of things; all numbers about a list that is not whole are the least that there are.
function counted(name, things, shown, noun) {
  const number = (count) => atLeast(count, isCut(name));
  const of = shown.length === things.length ? "" : ` of ${number(things.length)}`;
  const statuses = byStatus(shown, number);
  return `${number(shown.length)}${of} ${noun}${statuses ? `: ${statuses}` : ""}`;
}

function countedOperations(operations) {
  const number = (count) => atLeast(count, isCut("operations"));
  const givenUp = operations.filter((one) => one.given_up).length;
  return [`${number(operations.length - givenUp)} under way`, givenUp && `${number(givenUp)} given up`].filter(Boolean).join(", ");
}

// What an empty list says: that there is nothing, or nothing that fits.
function showEmpty(section, things, shown) {
  one(`${section} .nothing`).hidden = things.length > 0;
  one(`${section} .unfitting`).hidden = things.length === 0 || shown.length > 0;
}

function offerRegions(things) {
  const regions = [...new Set(things.map(({ region: name }) => name))].sort();
  const offered = all("option", place).slice(1).map(({ value }) => value);
  const chosen = place.value;
  if (chosen && !regions.includes(chosen)) regions.push(chosen);
  if (regions.every((name) => offered.includes(name))) return;
  place.replaceChildren(element("option", { value: "" }, "All regions"), ...regions.map((name) => element("option", { value: name }, name)));
  place.value = chosen;
}

// Where each disk can be attached; "many" is chosen by typing.
function fitting(disk) {
  if (!canEnter("disk", disk)) return [];
  const fits = picture.instances.filter((one) => one.zone === disk.zone && one.account === disk.account && takes("disk", one));
  return fits.map(({ id, name }) => ({ id, name }));
}

const offerInstances = keyed(one("#all-instances"), ({ id, name }) => element("option", { value: id }, name));

function show() {
  if (!picture) return;
  const focused = document.activeElement?.dataset?.focus;
  const { instances, free, operations } = picture;
  offerRegions([...instances, ...free]);
  const [instanceMatches, diskMatches] = [matching(filter.value, instanceTexts), matching(filter.value, diskTexts)];
  const wanted = instances.filter((each) => here(each) && instanceMatches(each));
  const loose = free.filter((disk) => here(disk) && diskMatches(disk));
  const many = instances.length > FEW;
  if (many) offerInstances(instances.map(({ id, name }) => ({ id, name })));
  showInstances(wanted, (each) => each, isCut("instances"));
  showFree(loose, (disk) => ({ id: disk.id, disk, fits: many ? "many" : fitting(disk) }), isCut("free"));
  showOperations(operations, (each) => each, isCut("operations"));
  const calls = picture.calls.filter((call) => reads.checked || !(call.status < 400 && call.reads));
  showCalls(calls);
  showWhether("#calls", calls.length > 0);
  one("#operations .count").textContent = operations.length ? countedOperations(operations) : "";
  one("#instances .count").textContent = counted("instances", instances, wanted, "instances");
  one("#free .count").textContent = counted("free", free, loose, "disks");
  showWhether("#operations", operations.length > 0);
  showEmpty("#instances", instances, wanted);
  showEmpty("#free", free, loose);
  one(".example").hidden = instances.length + free.length > 0;
  if (focused && document.activeElement?.dataset?.focus !== focused) all("[data-focus]").find((each) => each.dataset.focus === focused)?.focus({ preventScroll: true });
}

root.hidden = false;
droppable(one(".free"), ({ disk, instance }) => instance && leave("disk", disk, instance));
one(".example button").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  await makeExample(region());
  target.disabled = false;
});
// The address says what is looked at, so that it can be kept and passed on.
function narrow() {
  const chosen = Object.entries({ filter: filter.value, region: place.value }).filter(([, value]) => value);
  const query = new URLSearchParams(chosen).toString();
  history.replaceState(null, "", location.pathname + (query ? `?${query}` : ""));
  show();
}

const asked = new URLSearchParams(location.search);
filter.value = asked.get("filter") ?? "";
if (asked.get("region")) place.append(element("option", { value: asked.get("region"), selected: true }, asked.get("region")));
filter.addEventListener("input", narrow);
for (const button of all("button.show-all")) button.addEventListener("click", () => {
  [filter.value, place.value] = ["", ""];
  narrow();
});
place.addEventListener("change", narrow);
reads.addEventListener("change", show);
tokenForm.addEventListener("submit", (event) => {
  event.preventDefault();
  keep("token", one("#token").value.trim());
  watch();
});
watch();
