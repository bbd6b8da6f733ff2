// The page of an action: send the form, show the request and the reply, follow what becomes of it.

import { actionHref, all, copyButton, element, errorHref, keep, kept, one } from "./common.js";
import { send, signed } from "./api.js";
import { concerned, follow } from "./follow.js";
import { address, chosen, faults, fillRegion, fillToken, growing, keepAddress, linkTo, narrowing, values } from "./form.js";
import { region } from "./key.js";
import { offer } from "./pick.js";
import { resourceHref } from "./rows.js";
import { showCode } from "./code.js";
import { colourAll, coloured } from "./syntax.js";
import { jsonView, linker, listIn, tableView } from "./tree.js";

const form = one("#form");
const { action, version } = form.dataset;
const kinds = JSON.parse(form.dataset.kinds);
const followed = JSON.parse(form.dataset.follow ?? "null");
const nextByCode = JSON.parse(form.dataset.next);
const outcome = one(".outcome");
const timeline = one(".timeline");
const steps = one(".steps");
const dialog = one("dialog.ask");
let format = kept("format") === "XML" ? "XML" : "JSON";
let following = new AbortController();
let sent = false;

const parameters = () => (format === "XML" ? [...values(form), ["Format", "XML"]] : values(form));

// Tabs, as a keyboard expects them.
function select(tab) {
  for (const each of all("[role=tab]", tab.parentElement)) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function tabs(list) {
  const each = all("[role=tab]", list);
  list.addEventListener("click", (event) => event.target.matches("[role=tab]") && select(event.target));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = each[(each.indexOf(document.activeElement) + step + each.length) % each.length];
    select(next);
    next.focus();
  });
}

function block(title, text, note) {
  return element("section", {},
    element("h3", {}, title, " ", copyButton(text, title)),
    note ? element("p", { class: "hint" }, note) : null,
    element("pre", { tabindex: "0" }, text));
}

function showRequest(request) {
  const url = `${location.origin}${request.path}${request.query ? `?${request.query}` : ""}`;
  const headers = [...request.headers, ["authorization", request.authorization]];
  steps.replaceChildren(
    block("Request", `${request.method} ${url}\n${headers.map(([name, value]) => `${name}: ${value}`).join("\n")}`),
    block("1. Canonical request", request.canonical, "Method, path, sorted query, headers, their names, and the SHA-256 of the body, which is empty."),
    block("2. Its SHA-256", request.hashed),
    block("3. String to sign", request.toSign),
    block("4. Signature", request.signature, "HMAC-SHA256 of the string to sign; the key is the secret."),
  );
}

function indented(xml) {
  let depth = 0;
  return xml.replace(/></g, ">\n<").split("\n").map((line) => {
    if (line.startsWith("</")) depth--;
    const shown = "  ".repeat(Math.max(depth, 0)) + line;
    if (/^<[^?!/][^>]*[^/]?>$/.test(line) && !line.includes("</")) depth++;
    return shown;
  }).join("\n");
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The parts of a refusal, in whichever format it came.
function refusal(text) {
  const body = parsed(text);
  if (body) return body;
  const xml = new DOMParser().parseFromString(text, "text/xml");
  const of = (name) => one(`Error > ${name}`, xml)?.textContent ?? "";
  return { Code: of("Code"), Message: of("Message"), Recommend: of("Recommend") };
}

// The values that a parameter had in a call, be it one or numbered.
const given = (asked, name) => asked.filter(([other]) => other === name || other.startsWith(`${name}.`)).map(([, value]) => value);

// Ids, of one parameter or of a JSON array.
function idsOf(values) {
  return values.flatMap((value) => (value.startsWith("[") ? parsed(value) ?? [value] : [value]));
}

const WRITTEN = {
  json: (name, ids) => [[name, JSON.stringify(ids)]],
  numbered: (name, ids) => ids.map((id, at) => [`${name}.${at + 1}`, id]),
  commas: (name, ids) => [[name, ids.join(",")]],
  once: (name, [id]) => [[name, id]],
};

// A call that helps, with what the refused one named filled in.
function helpful({ action: name, does, takes_away: takesAway, in_region: inRegion, fill }, asked) {
  const filled = fill.flatMap(({ to, from, as }) => {
    const ids = idsOf(given(asked, from));
    return ids.length ? WRITTEN[as](to, ids) : [];
  });
  const place = inRegion ? [["RegionId", given(asked, "RegionId")[0] ?? region()]] : [];
  const href = `${actionHref(name)}?${new URLSearchParams([...place, ...filled])}`;
  const about = filled.map(([, value]) => ` ${value}`).join("");
  return element("li", {}, element("a", { href, class: takesAway ? "takes-away" : null }, `${name}${about}`), ` ${does}`);
}

// What can be done after a refusal; the page says which calls help after which code.
function nextSteps(code, asked) {
  const offers = nextByCode[code];
  if (!offers) return null;
  return element("section", { class: "next" }, element("h3", {}, "Next"), element("ul", {}, ...offers.map((offer) => helpful(offer, asked))));
}

function verdict({ status, text, milliseconds, ignored }, asked) {
  const good = status < 400;
  const line = element("p", { class: `verdict ${good ? "good" : "bad"}` },
    element("strong", {}, String(status)), good ? " OK" : " refused", ` in ${milliseconds.toFixed(0)} ms`);
  const parts = [line];
  if (!good) {
    const { Code, Message, Recommend } = refusal(text);
    if (Code === "DryRunOperation") line.className = "verdict good";
    parts.push(element("p", {}, element("a", { class: "code", href: errorHref(Code) }, Code), ` ${Message}`),
      element("p", { class: "hint" }, Recommend), nextSteps(Code, asked));
  }
  if (ignored) parts.push(element("p", { class: "hint" }, `Without effect here: ${ignored}`));
  return parts.filter(Boolean);
}

const link = linker(JSON.parse(form.dataset.prefixes), (noun, id) => resourceHref(noun, id, form.elements.RegionId?.value || region()));

// What stands above a reply in JSON: a search in it, and its list as a table.
function replyTools(body, { node, search }) {
  const told = element("span", { class: "quiet", role: "status" });
  const field = element("input", { type: "search", placeholder: "Find in the reply", "aria-label": "Find in the reply", autocomplete: "off", spellcheck: "false" });
  field.addEventListener("input", () => {
    const count = search(field.value);
    told.textContent = field.value.trim() ? `${count} ${count === 1 ? "line" : "lines"}` : "";
  });
  const list = listIn(body);
  if (!list) return [field, told];
  const button = element("button", { type: "button", class: "small", "aria-pressed": "false" }, "Table");
  let table;
  button.addEventListener("click", () => {
    const isTable = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(isTable));
    if (!table) node.after((table = tableView(list, link)));
    [node.hidden, table.hidden, field.hidden, told.hidden] = [isTable, !isTable, isTable, isTable];
  });
  return [button, field, told];
}

function showReply(answer, asked) {
  const body = parsed(answer.text);
  const bar = element("p", { class: "bar reply-bar" }, copyButton(answer.text, "the reply"));
  const view = body && jsonView(body, link);
  if (view) bar.append(...replyTools(body, view));
  const shown = view ? view.node : element("pre", { tabindex: "0", "aria-label": "Reply" }, ...coloured("xml", indented(answer.text)));
  outcome.replaceChildren(...verdict(answer, asked), bar, shown);
}

// What is wrong with the form, with the way to send it all the same: the server's own answer may be
// what is wanted.
function showFaults(found) {
  select(one("#tab-reply"));
  const lines = found.map(([field, what]) => element("li", {}, linkTo(field), ` ${what}`));
  const button = element("button", { type: "button" }, "Send all the same");
  button.addEventListener("click", async () => {
    if (await agreed()) call();
  });
  outcome.replaceChildren(element("p", { class: "verdict bad" }, "Not sent yet"), element("ul", { class: "faults" }, ...lines), button);
}

async function showChanges(asked, answer) {
  following.abort();
  following = new AbortController();
  timeline.replaceChildren();
  if (!followed || answer.status >= 400) return;
  const reply = parsed(answer.text) ?? new DOMParser().parseFromString(answer.text, "text/xml");
  const ids = concerned(followed.ids, asked, reply);
  if (!ids.length) return;
  const list = element("ol", { "aria-live": "polite" });
  const heading = element("h3", {}, ids.length === 1 ? ids[0] : `${ids.length} ${followed.noun}s`);
  timeline.append(heading, list);
  const named = asked.find(([name]) => name === "RegionId")?.[1];
  try {
    const settled = await follow(kinds[followed.noun], kinds.region, ids, named, list, following.signal);
    list.classList.toggle("settled", settled);
  } catch (error) {
    list.append(element("li", {}, `Cannot follow: ${error.message}`));
  }
}

// Resolves to whether the person agrees.
function agreed() {
  if (!("asks" in form.dataset)) return true;
  const filled = chosen(form).map(([name, value]) => `${name} ${value}`).join(", ");
  one(".said", dialog).textContent = filled ? `This takes effect at once: ${filled}.` : "Nothing is filled in yet.";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

// One call at a time: a second click while the first is on its way would be a second call.
async function call(extra = []) {
  const buttons = all("[data-send], [data-dry-run]").filter((button) => !button.disabled);
  if (!buttons.length) return;
  for (const button of buttons) button.disabled = true;
  try {
    await callOnce(extra);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function callOnce(extra) {
  const asked = [...parameters().filter(([name]) => !extra.some(([known]) => known === name)), ...extra];
  history.replaceState(null, "", address(form));
  select(one("#tab-reply"));
  outcome.replaceChildren(element("p", { class: "quiet" }, "Sending …"));
  try {
    const answer = await send(action, version, asked);
    sent = true;
    // After an answer the next call is another one; without one it may be the same again.
    if (answer.status < 500) fillToken(form);
    showRequest(answer.request);
    showReply(answer, asked);
    // Following goes on while the next call is made.
    showChanges(asked, answer);
  } catch (error) {
    outcome.replaceChildren(element("p", { class: "verdict bad" }, `No answer: ${error.message}`));
  }
}

function chooseFormat(chosen) {
  format = chosen;
  keep("format", format);
  for (const button of all("[data-format]")) button.setAttribute("aria-pressed", String(button.dataset.format === format));
}

chooseFormat(format);
tabs(one(".tabs"));
for (const panel of all(".panel")) {
  panel.setAttribute("role", "tabpanel");
  panel.tabIndex = 0;
}
select(one("#tab-reply"));
showCode(form);
colourAll();
for (const part of all("[data-script-only], [data-send], [data-dry-run], [data-sign-only], [data-clear], [data-wide]")) part.hidden = false;
// The panel of reply and code, as wide as the page lets it be.
function widen(isWide) {
  one(".columns").classList.toggle("wide", isWide);
  one("[data-wide]").setAttribute("aria-pressed", String(isWide));
}

one("[data-wide]").addEventListener("click", () => {
  const isWide = kept("wide") !== "yes";
  keep("wide", isWide ? "yes" : "no");
  widen(isWide);
});
widen(kept("wide") === "yes");
fillRegion(form);
fillToken(form);
offer(form, kinds);
narrowing(form);
keepAddress(form);
growing(form);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const found = faults(form);
  if (found.length) showFaults(found);
  else if (await agreed()) call();
});
one("[data-dry-run]")?.addEventListener("click", () => call([["DryRun", "true"]]));
one("[data-sign-only]").addEventListener("click", () => {
  showRequest(signed(action, version, parameters()));
  select(one("#tab-request"));
});
one("[data-clear]").addEventListener("click", () => location.assign(location.pathname));
for (const button of all("[data-format]")) {
  button.addEventListener("click", () => {
    chooseFormat(button.dataset.format);
    // Only a read may be sent again for the sake of its format.
    if (sent && "reads" in form.dataset) call();
  });
}
