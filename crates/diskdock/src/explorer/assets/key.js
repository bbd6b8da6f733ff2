// The key that calls are signed with, and the region that is looked at: both for this tab only. The
// key leads to the main world, or to another one of this server.

import { element, errorHref, keep, kept, one } from "./common.js";
import { withToken } from "./stream.js";

export const MAIN = "main";

export const onLoopback = /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(location.hostname);
const DEVELOPMENT = { id: "testid", secret: "testsecret" };

export function key() {
  const id = kept("key");
  if (id) return { id, secret: kept("secret") ?? "" };
  return onLoopback ? DEVELOPMENT : { id: "", secret: "" };
}

export const region = () => kept("region") || "cn-hangzhou";

function changed() {
  controls = undefined;
  document.dispatchEvent(new Event("key-changed"));
}

// The world that the key leads to. Whoever may not look at worlds is taken to be in the main one.
export async function world() {
  try {
    const response = await fetch("/_diskdock/worlds", { headers: withToken(), cache: "no-store" });
    const { worlds } = response.ok ? await response.json() : { worlds: [] };
    return worlds.find(({ access_key_id }) => access_key_id === key().id)?.name ?? MAIN;
  } catch {
    return MAIN;
  }
}

// Where the operator's controls of that world are: looked for once for each key, since a page that
// follows changes asks at each of them.
let controls;
export const controlsPath = () =>
  (controls ??= world().then((name) => (name === MAIN ? "/_diskdock" : `/_diskdock/worlds/${encodeURIComponent(name)}`)));

export function use(id, secret) {
  keep("key", id);
  keep("secret", secret);
  show();
  changed();
}

function field(label, attributes) {
  const input = element("input", { autocomplete: "off", spellcheck: "false", ...attributes });
  return [element("label", {}, label, input), input];
}

function dialog(button) {
  const [idLabel, id] = field("AccessKey id", { name: "id", required: true });
  const [secretLabel, secret] = field("AccessKey secret", { name: "secret", type: "password" });
  const [regionLabel, place] = field("Region of the lists", { name: "region", required: true });
  const reset = element("button", { type: "button", hidden: !onLoopback }, "Use testid");
  const form = element("form", { method: "dialog" }, idLabel, secretLabel, regionLabel,
    element("p", { class: "hint" }, "The secret stays in this tab: it is used to sign here and is never sent."),
    element("p", { class: "send" }, element("button", { class: "primary" }, "Use this key"), reset));
  const made = element("dialog", { "aria-label": "AccessKey and region" }, form);
  const open = () => {
    [id.value, secret.value, place.value] = [key().id, key().secret, region()];
    made.showModal();
  };
  const submit = () => {
    keep("region", place.value.trim() || "cn-hangzhou");
    use(id.value.trim(), secret.value);
    check();
  };
  reset.addEventListener("click", () => ([id.value, secret.value] = [DEVELOPMENT.id, DEVELOPMENT.secret]));
  form.addEventListener("submit", submit);
  button.addEventListener("click", open);
  return made;
}

// Says beside the key why the server does not take it; a key that was just chosen is tried.
async function check() {
  fault.replaceChildren();
  // Signing wants this key.
  const { ask } = await import("./api.js");
  const { action, version } = JSON.parse(place.dataset.tried);
  try {
    await ask(action, version, {});
  } catch ({ status, code }) {
    if (status !== 403 || /AccessKey|Signature/.test(code)) tellFault(code);
  }
}

function tellFault(code) {
  if (!code) return fault.replaceChildren("the server gives no answer");
  const remedy = code.startsWith("InvalidAccessKeyId") ? "make or enable one under Controls, Access keys" : "look at its secret";
  fault.replaceChildren(`${key().id}: `, element("a", { href: errorHref(code) }, code), `; ${remedy}`);
}

async function show() {
  const { id } = key();
  button.textContent = id ? `${id} · ${region()}` : "Choose a key";
  const name = await world();
  if (name !== MAIN && id === key().id) button.textContent += ` · world ${name}`;
}

const place = one("header .key");
const button = element("button", { type: "button", "aria-haspopup": "dialog", title: "AccessKey and region" });
const fault = element("span", { class: "fault", role: "alert" });
place.append(button, fault, dialog(button));
show();
