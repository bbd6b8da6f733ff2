// What the console's buttons do: calls through the signed API like anybody else's, and the
// operator's controls. Which actions there are, where they fit and what they ask, the page says.

import { element, errorHref, one, pause } from "./common.js";
import { ask, send } from "./api.js";
import { concerned } from "./follow.js";
import { entries } from "./listing.js";
import { withToken } from "./stream.js";

const LOOK_AGAIN_MS = 500;
const CREATED_WITHIN_MS = 120_000;

const root = one(".console");
const refusal = one(".refusal");
const dialog = one("dialog.ask");
const [verbs, kinds, example] = [root.dataset.verbs, root.dataset.kinds, root.dataset.example].map((text) => JSON.parse(text));

const forget = () => refusal.replaceChildren();
const refused = (...parts) => refusal.replaceChildren(element("p", { class: "verdict bad" }, ...parts));

// The actions that list everything.
export const listings = [kinds.instance.action, kinds.disk.action];

// Whether it was done.
async function act({ action, version }, parameters) {
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
function sure(what, said, { size, least, text } = {}) {
  one("h2", dialog).textContent = `${what}?`;
  one(".said", dialog).textContent = said;
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
  [field.min, field.value] = [least ?? 1, size ?? ""];
  dialog.returnValue = "no";
  dialog.showModal();
  const answer = () => {
    const agreed = dialog.returnValue === "yes";
    return size || text ? (agreed ? field.value : null) : agreed;
  };
  return new Promise((done) => dialog.addEventListener("close", () => done(answer()), { once: true }));
}

export async function refuse(concerned) {
  const of = Object.values(concerned).join(" at ");
  const said = `The transition under way on ${of} fails, as when a guest keeps the device.`;
  if (await sure("refuse", said)) await control("refuse", concerned);
}

const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");

// The question of a verb about a thing.
function question({ asks }, thing) {
  if (asks?.above) return { size: thing[asks.above] + 1, least: thing[asks.above] + 1 };
  return asks ?? {};
}

function answerPart(answer, part) {
  if (part === "all") return answer;
  const [key, ...rest] = answer.split("=");
  return (part === "key" ? key : rest.join("=")).trim();
}

function value({ field, holder, always, status, answer: part }, thing, on, answer) {
  if (field) return thing[field];
  if (holder) return on[holder];
  if (always) return always;
  if (status) return thing.status === status[0] ? status[1] : status[2];
  return answerPart(answer, part);
}

// Does what a verb says with a thing, `on` being the instance that it leaves or enters.
async function perform(verb, thing, on) {
  let answer = "";
  if (verb.asks_first) {
    const said = [filled(verb.said, { ...thing, holder: on?.id }), verb.caution].filter(Boolean).join(" ");
    answer = await sure(verb.action, said, question(verb, thing));
    if (!answer) return;
  }
  const parameters = Object.fromEntries(verb.gives.map(([name, given]) => [name, value(given, thing, on, answer)]));
  if (verb.made) await makeAndEnter(verb, parameters, thing);
  else await act(verb, parameters);
}

// Makes something that enters the thing as soon as it can.
async function makeAndEnter({ action, version, made }, parameters, thing) {
  forget();
  try {
    const asked = Object.entries(parameters);
    const [id] = concerned(made.ids, asked, await ask(action, version, parameters));
    const enter = entering(made.noun);
    const end = performance.now() + CREATED_WITHIN_MS;
    for (;;) {
      const [entry] = await entries(kinds[made.noun], thing.region, [id]);
      if (enter.fits.includes(entry?.Status)) break;
      if (performance.now() > end) return refused(`${id} is not ready yet: ${enter.action} can follow when it is.`);
      await pause(LOOK_AGAIN_MS);
    }
    await perform(enter, { id }, thing);
  } catch (error) {
    refused(`${action}: ${error.message}`);
  }
}

const entering = (noun) => verbs.find((verb) => verb.beside === noun && verb.place === "enters");
const leaving = (noun) => verbs.find((verb) => verb.beside === noun && verb.place === "leaves");

const among = (statuses, status) => !statuses.length || statuses.includes(status);

function applies(verb, thing, on) {
  if (on ? ["free", "enters"].includes(verb.place) : verb.place === "leaves") return false;
  const isSo = ([field, wanted]) => String(thing[field]) === wanted;
  return among(verb.fits, thing.status) && (!on || among(verb.holder_fits, on.status)) && verb.only.every(isSo);
}

// What can be done with a thing, on an instance or on none: a text and a function for each.
export function verbsOf(noun, thing, on) {
  const own = verbs.filter((verb) => verb.beside === noun && verb.place !== "enters" && applies(verb, thing, on));
  return own.map((verb) => [verb.label, () => perform(verb, thing, on)]);
}

export const canLeave = (noun, thing, on) => !!on && applies(leaving(noun), thing, on);
export const canEnter = (noun, thing) => applies(entering(noun), thing);
// Whether an instance is one that things of this kind can enter.
export const takes = (noun, instance) => among(entering(noun).holder_fits, instance.status);
export const leave = (noun, thing, on) => perform(leaving(noun), thing, on);
export const enter = (noun, thing, on) => perform(entering(noun), thing, on);

// Makes what an empty console can show.
export async function makeExample(region) {
  forget();
  try {
    const idOf = (noun, entry) => entry[kinds[noun].id];
    const [images, zones] = [await entries(kinds.image, region), await entries(kinds.zone, region)];
    const known = { region, image: idOf("image", images[0]), zone: idOf("zone", zones.at(-1)) };
    for (const { action, version, parameters } of example) {
      await ask(action, version, Object.fromEntries(parameters.map(([name, text]) => [name, filled(text, known)])));
    }
  } catch (error) {
    refused(`The example was not made: ${error.message}`);
  }
}
