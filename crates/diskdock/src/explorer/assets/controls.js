// The page of the operator's controls: shows where each stands, and sends what a form says. The
// command line under a form is made from the same fields.

import { all, copyButton, element, keep, kept, one } from "./common.js";
import { MAIN, use, world as worldOfKey } from "./key.js";

const EVERY_MS = 2000;
const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const refusal = one(".refusal");
const dialog = one("dialog.ask");
const tokenForm = one("form.token");

// Milliseconds of a duration such as 2s, as the command line reads it.
function milliseconds(text) {
  const [, number, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (!unit) throw new Error(`${text || "nothing"} is no duration: write 500ms, 2s, 10m or 1h`);
  return Number(number) * UNITS_MS[unit];
}

const count = (text) => {
  if (!/^\d+$/.test(text)) throw new Error(`${text} is no number`);
  return Number(text);
};
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));
const quoted = (text) => (/^[\w.:@/…=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
// Options of a command line; those without a value are left out.
const options = (named) => Object.entries(named).filter(([, value]) => value).map(([name, value]) => ` --${name} ${quoted(value)}`).join("");

// For each form: what is sent for what is filled in, the command line, and whether it asks first.
const FORMS = {
  pace: { send: ({ pace }) => ["PUT", "pace", { pace }], command: ({ pace }) => `admin pace ${quoted(pace || "fast")}` },
  clock: { send: (_, verb) => ["POST", `clock/${verb}`], command: (_, verb) => `admin clock ${verb}` },
  advance: {
    send: ({ by }) => ["POST", "clock/advance", { milliseconds: milliseconds(by) }],
    command: ({ by }) => `admin clock advance ${quoted(by || "10m")}`,
  },
  rule: {
    send: ({ transition, disk, instance, times, takes, do: how }) => ["POST", "rules", given({
      transition, disk, instance, times: times && count(times),
      behaviour: how === "take" ? { do: how, milliseconds: milliseconds(takes) } : { do: how },
    })],
    command: ({ transition, disk, instance, times, takes, do: how }) =>
      `admin rules add${options({ transition, disk, instance, times, do: how === "take" ? `take=${takes || "2s"}` : how })}`,
  },
  "clear-rules": { send: () => ["DELETE", "rules"], command: () => "admin rules clear", asks: () => "All rules are gone; transitions that they hold go on." },
  transitions: {
    send: ({ disk, instance }, verb) => ["POST", `transitions/${verb}`, given({ disk, instance })],
    command: ({ disk, instance }, verb) => `admin ${verb}${options({ disk, instance })}`,
    asks: (_, verb) => verb === "refuse" && "The transitions under way fail, as when a guest keeps the device.",
  },
  fault: {
    send: ({ action, skip, times, code, takes, do: how }) => ["POST", "faults", given({
      action, skip: skip && count(skip), times: times && count(times),
      fault: { do: how, ...(how === "answer" ? { code } : {}), ...(how === "slow" ? { milliseconds: milliseconds(takes) } : {}) },
    })],
    command: ({ action, skip, times, code, takes, do: how }) => {
      const kind = { answer: options({ answer: code || "IncorrectDiskStatus" }), slow: options({ slow: takes || "2s" }) };
      return `admin faults add${options({ action, skip, times })}${kind[how] ?? ` --${how.replace("_", "-")}`}`;
    },
  },
  "clear-faults": { send: () => ["DELETE", "faults"], command: () => "admin faults clear", asks: () => "All faults are gone; calls are answered as they should be." },
  lock: {
    send: ({ instance, reason }, verb) => ["POST", `instances/${encodeURIComponent(instance)}/${verb}`, { reason }],
    command: ({ instance, reason }, verb) => `admin ${verb} ${quoted(instance || "i-…")}${options({ reason })}`,
    asks: (_, verb) => verb === "unlock" && "The lock is gone: calls that it refuses go through.",
  },
  lost: {
    send: ({ instance }, verb) => ["POST", `instances/${encodeURIComponent(instance)}/${verb}`],
    command: ({ instance }, verb) => `admin instances ${verb} ${quoted(instance || "i-…")}`,
    asks: (_, verb) => verb === "fence" && "The machine is turned off, whatever its guest is doing.",
  },
  host: {
    send: ({ name }, verb) => (verb === "remove" ? ["DELETE", `hosts/${encodeURIComponent(name)}`] : ["POST", `hosts/${encodeURIComponent(name)}/${verb}`]),
    command: ({ name }, verb) => `hosts ${verb} ${quoted(name || "host-a")}`,
    asks: (_, verb) => verb === "remove" && "The host is forgotten until it registers again.",
  },
  "new-world": {
    send: ({ name, from, key }) => ["POST", "worlds", given({ name, from, key })],
    command: ({ name, from, key }) => `world ${from ? "fork" : "new"}${name ? ` ${quoted(name)}` : ""}${options({ from: from === MAIN ? "" : from, key })}`,
  },
  world: {
    send: ({ name }, verb) => [verb === "switch" ? "GET" : "DELETE", `worlds/${encodeURIComponent(name)}`],
    command: ({ name }, verb) => `world ${verb} ${quoted(name || "test-1")}`,
    asks: (_, verb) => verb === "delete" && "The world is gone with all that is in it, and its key leads nowhere.",
  },
  "new-key": { send: ({ account }) => ["POST", "keys", given({ account })], command: ({ account }) => `key create${options({ account })}` },
  key: {
    send: ({ id }, verb) => (verb === "delete" ? ["DELETE", `keys/${encodeURIComponent(id)}`] : ["POST", `keys/${encodeURIComponent(id)}/${verb}`]),
    command: ({ id }, verb) => `key ${verb} ${quoted(id || "LTAI…")}`,
    asks: (_, verb) =>
      (verb === "delete" && "Programs that use the key are refused from then on.") ||
      (verb === "disable" && "Programs that use the key are refused until it is enabled."),
  },
  export: { send: () => ["GET", "state"], command: () => "admin export --file state.json" },
  import: {
    send: ({ file }) => {
      if (!file?.size) throw new Error("choose a file first");
      return ["PUT", "state", file];
    },
    command: ({ file }) => `admin import ${quoted(file?.name || "state.json")}`,
    asks: () => "All disks, instances and operations of now are replaced.",
  },
  reset: { send: () => ["POST", "reset"], command: () => "admin reset", asks: () => "All disks, instances, operations and faults are gone for good; the keys stay." },
};

class Refused extends Error {}

// The controls are those of the world that the key leads to; worlds and hosts are of the server.
let world = MAIN;
const ofServer = /^(worlds|hosts)(\/|$)/;
const placed = (path) => (world === MAIN || ofServer.test(path) ? path : `worlds/${encodeURIComponent(world)}/${path}`);
const inWorld = (command) => (world === MAIN ? command : command.replace(/^admin /, `admin --world ${quoted(world)} `));

async function ask(method, path, body) {
  const headers = {};
  if (kept("token")) headers["x-diskdock-token"] = kept("token");
  if (body) headers["content-type"] = "application/json";
  const sent = body && !(body instanceof Blob) ? JSON.stringify(body) : body;
  const response = await fetch(`/_diskdock/${placed(path)}`, { method, headers, body: sent, cache: "no-store" }).catch(() => {
    // The reason of a browser may hold what was sent, and with it the token.
    throw new Refused("the server gives no answer");
  });
  if (response.status === 403) tokenForm.hidden = false;
  if (response.ok) {
    tokenForm.hidden = true;
    return response;
  }
  const { error, hint } = await response.json();
  throw new Refused(`${error}. ${hint}`);
}

function sure(what, said) {
  one("h2", dialog).textContent = `${what}?`;
  one(".said", dialog).textContent = said;
  one(".danger", dialog).textContent = `Yes, ${what}`;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

async function save(response) {
  const href = URL.createObjectURL(await response.blob());
  element("a", { href, download: "state.json" }).click();
  URL.revokeObjectURL(href);
}

function tell(good, ...parts) {
  refusal.replaceChildren(element("span", { class: `verdict ${good ? "good" : "bad"}` }, ...parts));
}

async function submit(form, button) {
  const { send, asks } = FORMS[form.dataset.form];
  const fields = Object.fromEntries(new FormData(form));
  const verb = button.value;
  refusal.replaceChildren();
  try {
    const asked = send(fields, verb);
    const said = asks?.(fields, verb);
    if (said && !(await sure(button.textContent, said))) return;
    const response = await ask(...asked);
    if (form.dataset.form === "export") await save(response);
    else await told(await response.json(), button.textContent);
  } catch (error) {
    tell(false, `${button.textContent}: ${error.message}`);
  }
  await look();
}

// A new key's secret is told this once.
function told(answer, what) {
  if (answer.access_key_secret) {
    const { name, access_key_id: id, access_key_secret: secret } = answer;
    if (what === SWITCH) use(id, secret);
    return tell(true, `World ${name}: key ${id}, secret `, element("code", {}, secret), " ", copyButton(secret, "the secret"));
  }
  if (!answer.secret) return tell(true, `${what}: done`);
  tell(true, `Key ${answer.id}, secret `, element("code", {}, answer.secret), " ", copyButton(answer.secret, "the secret"));
}

const SWITCH = "Use its key here";
const items = (all) => element("ul", {}, ...all.map((item) => element("li", {}, element("code", {}, item))));
// A list, or what can be done where there is nothing.
const list = (all, none) => [all.length ? items(all) : none];
const words = (thing) => Object.entries(thing).map(([name, value]) => `${name} ${value !== null && typeof value === "object" ? words(value) : value}`).join(", ");

// What each part shows of now: where it is asked, and how it is written.
const NOW = {
  pace: ["pace", ({ pace }) => [pace]],
  clock: ["clock", ({ now, held }) => [`${now}${held ? ", held" : ""}`]],
  rules: ["rules", ({ rules }) => list(rules.map(words), "None: all transitions go at the pace.")],
  transitions: ["operations", ({ operations }) => list(operations.filter((one) => !one.given_up).map((one) => [one.kind, one.disk, one.instance, one.phase].filter(Boolean).join(" ")), "Nothing is under way: attach a disk, or stop an instance.")],
  faults: ["faults", ({ faults }) => list(faults.map(words), "None: every call is answered as it should be.")],
  locks: ["instances/marked", ({ instances, more }) => marked(instances.filter(({ locks }) => locks.length), more, ({ id, locks }) => `${id}: ${locks.join(", ")}`, "No instance is locked.")],
  lost: ["instances/marked", ({ instances, more }) => marked(instances.filter(({ lost, paused }) => lost || paused), more, ({ id, lost, paused }) => `${id}: ${lost ? "cannot be reached" : paused}`, "Every machine that is on can be reached.")],
  hosts: ["hosts", ({ hosts }) => list(hosts.map(({ name, zone, state, instances, used, allowed }) => `${name} in ${zone}, ${state}: ${instances} instances, ${used.processors} of ${allowed.processors} processors`), "No hosts: this server runs its instances itself, or none has registered yet (diskdock host).")],
  worlds: ["worlds", ({ worlds }) => list(worlds.map(({ name, from, created_at, access_key_id }) => `${name}${from ? `, a copy of ${from}` : ""}, key ${access_key_id}, made ${created_at}`), "None but the main one: make an empty one, or a copy of it, for a test of its own.")],
  keys: ["keys", ({ keys }) => list(keys.map(({ id, account, status }) => `${id} of account ${account}, ${status}`), "None: create one, or start the server with --key.")],
};

// Instances with a mark. Where not all were looked at, there may be more.
function marked(instances, more, written, none) {
  if (!instances.length) return [more ? `None among those that were looked at; there are more.` : none];
  return [...list(instances.map(written)), more ? `At least these ${instances.length}.` : ""];
}

async function lookAt(id, [path, written]) {
  const place = one(`#${id} .now`);
  let shown;
  try {
    shown = written(await (await ask("GET", path)).json());
  } catch (error) {
    shown = [error.message];
  }
  const made = element("div", {}, ...shown);
  // Only what has changed is touched, so that a selection stays.
  if (made.textContent !== place.textContent) place.replaceChildren(...made.childNodes);
}

async function look() {
  world = await worldOfKey();
  one(".of-world").textContent = world === MAIN ? "" : `These are the controls of the world ${world}, to which the key above leads.`;
  await Promise.all(Object.entries(NOW).map(([id, now]) => lookAt(id, now)));
  document.dispatchEvent(new Event("looked"));
}

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, EVERY_MS);
}

for (const form of all("form[data-form]")) {
  const { command } = FORMS[form.dataset.form];
  const code = one(".command code", form);
  let verb = one("button[name=verb]", form).value;
  const show = () => (code.textContent = `diskdock ${inWorld(command(Object.fromEntries(new FormData(form)), verb))}`);
  show();
  document.addEventListener("looked", show);
  // The command is that of the button that is pointed at, or was last.
  for (const moved of ["pointerover", "focusin"]) form.addEventListener(moved, ({ target }) => {
    if (!target.matches("button[name=verb]")) return;
    verb = target.value;
    show();
  });
  one(".command", form).append(" ", copyButton(() => code.textContent, `the command of ${form.dataset.form}`));
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter);
  });
}
tokenForm.addEventListener("submit", (event) => {
  event.preventDefault();
  keep("token", one("#token").value.trim());
  look();
});
one(".controls").hidden = false;
keepLooking();
