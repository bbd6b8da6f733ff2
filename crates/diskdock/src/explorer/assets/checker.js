// The signature checker: the server tells what it signs, this page signs it with the secret, which
// therefore never leaves it.

import { copyButton, element, one } from "./common.js";
import { key } from "./key.js";
import { signText } from "./sign.js";

const WINDOW_S = 900;
const form = one("form.checker");
const findings = one(".findings");
const secret = one("#secret");

const good = (text) => element("p", { class: "verdict good" }, text);
const bad = (text) => element("p", { class: "verdict bad" }, text);
const block = (title, text) => element("section", {},
  element("h3", {}, title, " ", copyButton(text, title)), element("pre", { tabindex: "0" }, text));

// Slips with the key itself, tried one after the other.
function slip({ scheme, string_to_sign, given }, text) {
  const other = scheme === "rpc" ? "acs3" : "rpc";
  const tried = scheme === "rpc"
    ? [[text.replace(/&$/, ""), "The secret was given with the & that is added by itself."]]
    : [[`${text}&`, "An & was put behind the secret; this scheme has none."]];
  if (text.trim() !== text) tried.push([text.trim(), "The secret has spaces around it."]);
  const found = tried.find(([wrong]) => wrong !== text && signText(scheme, string_to_sign, wrong) === given);
  if (found) return found[1];
  if (signText(other, string_to_sign, text) === given) return "It was signed with the other scheme's algorithm.";
  if (scheme === "acs3" && signText(scheme, string_to_sign, text) === given.toLowerCase()) return "The signature has to be in lower-case hexadecimal.";
  return null;
}

function verdict(told, text) {
  if (!text) return element("p", { class: "hint" }, "With the secret, the signature is checked as well.");
  if (signText(told.scheme, told.string_to_sign, text) === told.given) return good("The signature is right for this secret.");
  const mistake = told.mistakes.find(({ string_to_sign }) => signText(told.scheme, string_to_sign, text) === told.given);
  if (mistake) return bad(mistake.sentence);
  const slipped = slip(told, text);
  if (slipped) return bad(slipped);
  const sure = one("#mine").value && !told.difference;
  return bad(sure ? "You sign the right text, so the secret is another one." : "The signature is not that of this text with this secret: compare your string to sign with the one below.");
}

function age({ timestamp_s }) {
  const seconds = Math.round(Date.now() / 1000 - timestamp_s);
  if (Math.abs(seconds) <= WINDOW_S) return null;
  const when = new Date(timestamp_s * 1000).toISOString();
  return element("p", { class: "notice" }, `It was signed for ${when}. The server takes 15 minutes of difference, so now it would be refused as expired.`);
}

// A string to sign without its request: whether it is well made, and its signature.
function showAlone({ difference, scheme, string_to_sign }) {
  const made = difference ? bad(difference) : good("It is well made: names are sorted and everything is encoded as it has to be.");
  const signature = secret.value ? block("Its signature by this secret", signText(scheme, string_to_sign, secret.value)) : "";
  findings.replaceChildren(made, signature);
}

function show(told) {
  if (told.error) return findings.replaceChildren(bad(told.error));
  if (told.alone) return showAlone(told);
  const scheme = told.scheme === "rpc" ? "Version 1.0, HMAC-SHA1" : "ACS3-HMAC-SHA256";
  const parts = [
    verdict(told, secret.value),
    told.difference ? bad(told.difference) : null,
    age(told),
    element("p", {}, `${scheme}, AccessKey ${told.access_key_id}.`),
    told.canonical_request ? block("Canonical request", told.canonical_request) : null,
    block("String to sign", told.string_to_sign),
    block("Signature in the request", told.given),
    secret.value ? block("Signature by this secret", signText(told.scheme, told.string_to_sign, secret.value)) : null,
  ];
  findings.replaceChildren(...parts.filter(Boolean));
}

one("[data-script-only]", form).hidden = false;
secret.value = key().secret;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams({ request: one("#request").value, mine: one("#mine").value });
  try {
    const response = await fetch("/explorer/api/signature", { method: "POST", body });
    show(await response.json());
  } catch (error) {
    findings.replaceChildren(bad(`No answer: ${error.message}`));
  }
});
