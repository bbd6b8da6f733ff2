// JSON as it is read: text with colours, lines that fold, ids that lead to their pages; searched;
// its lists as tables. The text of it stays JSON, so it can be selected and copied as it is.

import { element } from "./common.js";

// Makes ids links. `prefixes` tells the kind of resource by the beginning of an id.
export function linker(prefixes, href) {
  return (text) => {
    const prefix = /^[a-z]+-/.exec(text)?.[0];
    const noun = prefix && /^[a-z]+-[a-z0-9]{4,}$/.test(text) ? prefixes[prefix] : undefined;
    return noun && href(noun, text);
  };
}

function scalar(value, link) {
  const text = JSON.stringify(value);
  const kind = value === null ? "null" : typeof value;
  const to = kind === "string" && link(value);
  if (!to) return [element("span", { class: `json-${kind}` }, text)];
  return ['"', element("a", { href: to }, value), '"'];
}

const isInner = (value) => value !== null && typeof value === "object" && Object.keys(value).length > 0;

// Adds the lines of a value to `lines`. `within` is the line that opens what it lies in.
function write(value, { name, comma, depth, within, link }, lines) {
  const line = { within, depth, last: undefined };
  const start = ["  ".repeat(depth)];
  if (name !== undefined) start.push(element("span", { class: "json-name" }, JSON.stringify(name)), ": ");
  lines.push(line);
  if (!isInner(value)) {
    line.parts = [...start, ...(value !== null && typeof value === "object" ? [JSON.stringify(value)] : scalar(value, link)), comma];
    return;
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  line.parts = [...start, open];
  const inner = Object.entries(value);
  inner.forEach(([key, each], at) => {
    const rest = { name: Array.isArray(value) ? undefined : key, comma: at + 1 < inner.length ? "," : "", depth: depth + 1, within: line, link };
    write(each, rest, lines);
  });
  line.last = { within: line, closes: true, depth, parts: ["  ".repeat(depth), close, comma] };
  lines.push(line.last);
}

function draw(line, again) {
  line.node = element("span", { class: "json-line" }, ...line.parts, "\n");
  line.text = line.node.textContent.toLowerCase();
  if (!line.last) return line.node;
  line.fold = element("button", { type: "button", class: "fold", "aria-expanded": "true", "aria-label": "Fold" });
  line.fold.addEventListener("click", () => {
    line.isFolded = !line.isFolded;
    line.fold.setAttribute("aria-expanded", String(!line.isFolded));
    again();
  });
  line.node.prepend(line.fold);
  return line.node;
}

// A pre of the value, and a function that narrows it down to the lines with a text in them.
export function jsonView(value, link) {
  const lines = [];
  write(value, { comma: "", depth: 0, link }, lines);
  let sought = "";
  const show = () => {
    const wanted = new Set();
    for (const line of lines) {
      if (!line.text.includes(sought) || line.closes) continue;
      for (let each = line; each; each = each.within) wanted.add(each).add(each.last);
    }
    for (const line of lines) {
      line.isHidden = line.within && (line.within.isFolded || line.within.isHidden);
      line.node.hidden = line.isHidden || (sought !== "" && !wanted.has(line));
    }
  };
  const node = element("pre", { class: "json", tabindex: "0", "aria-label": "Reply" }, ...lines.map((line) => draw(line, show)));
  const search = (text) => {
    sought = text.trim().toLowerCase();
    show();
    return lines.filter((line) => sought && line.text.includes(sought) && !line.closes).length;
  };
  return { node, search };
}

// The first list of objects in a value, with where it is.
export function listIn(value, path = []) {
  if (Array.isArray(value)) return value.length && value.every(isInner) ? { path, rows: value } : undefined;
  if (!isInner(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = listIn(inner, [...path, name]);
    if (found) return found;
  }
  return undefined;
}

function cell(value, link) {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "object") return element("code", {}, JSON.stringify(value));
  const to = typeof value === "string" && link(value);
  return to ? element("a", { class: "id", href: to }, value) : String(value);
}

// The list as a table: a column for each field that any row has something in.
export function tableView({ path, rows }, link) {
  const isFilled = (value) => value !== "" && value !== null && !(typeof value === "object" && !isInner(value));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row).filter((name) => isFilled(row[name]))))];
  return element("div", { class: "scroll list-table", tabindex: "0", role: "region", "aria-label": path.join(".") },
    element("table", {},
      element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...names.map((name) => element("td", {}, cell(row[name], link))))))));
}
