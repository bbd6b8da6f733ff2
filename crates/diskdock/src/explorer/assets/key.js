// The key that calls are signed with, and the region that is looked at: both for this tab only.

import { element, keep, kept, one } from "./common.js";

export const onLoopback = /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(location.hostname);
const DEVELOPMENT = { id: "testid", secret: "testsecret" };

export function key() {
  const id = kept("key");
  if (id) return { id, secret: kept("secret") ?? "" };
  return onLoopback ? DEVELOPMENT : { id: "", secret: "" };
}

export const region = () => kept("region") || "cn-hangzhou";

const changed = () => document.dispatchEvent(new Event("key-changed"));

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
  const use = () => {
    keep("key", id.value.trim());
    keep("secret", secret.value);
    keep("region", place.value.trim() || "cn-hangzhou");
    show(button);
    changed();
  };
  reset.addEventListener("click", () => ([id.value, secret.value] = [DEVELOPMENT.id, DEVELOPMENT.secret]));
  form.addEventListener("submit", use);
  button.addEventListener("click", open);
  return made;
}

function show(button) {
  const { id } = key();
  button.textContent = id ? `${id} · ${region()}` : "Choose a key";
}

const place = one("header .key");
const button = element("button", { type: "button", "aria-haspopup": "dialog", title: "AccessKey and region" });
show(button);
place.append(button, dialog(button));
