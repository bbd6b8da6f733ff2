// Lists resources of a kind as the page describes it: the action, its parameters, where the list is.

import { ask } from "./api.js";

// The vendor's actions take at most 500, and those that take fewer give as many as they do.
const MOST_AT_ONCE = 500;

const inside = (kind, reply) => kind.path.reduce((within, name) => within[name], reply);

function asked(kind, within, more) {
  const region = kind.in_region ? { RegionId: within } : {};
  const size = kind.page_size ? { PageSize: String(kind.page_size) } : {};
  return ask(kind.action, kind.version, { ...region, ...size, ...more });
}

// The entries of the list; only those with these ids, if they are named.
export async function entries(kind, within, ids) {
  return inside(kind, await asked(kind, within, ids ? { [kind.ids]: JSON.stringify(ids) } : {}));
}

// All entries, page by page.
export async function* pages(kind, within) {
  if (!kind.goes_on) {
    for (let number = 1; ; number++) {
      const reply = await asked(kind, within, kind.numbered ? { PageNumber: String(number) } : {});
      const found = inside(kind, reply);
      yield found;
      if (!kind.numbered || found.length < kind.page_size) return;
    }
  }
  let token = "";
  do {
    const parameters = { MaxResults: String(MOST_AT_ONCE), ...(kind.in_region && { RegionId: within }), ...(token && { NextToken: token }) };
    const reply = await ask(kind.action, kind.version, parameters);
    yield inside(kind, reply);
    token = reply.NextToken;
  } while (token);
}

// What tells a person which one an entry is: `{Size} GiB` with the field's value in its place; a
// text with an empty field is left out.
export function described(kind, entry) {
  const filled = kind.texts.map((text) => {
    let complete = true;
    const shown = text.replace(/\{(\w+)\}/g, (_, name) => {
      complete &&= entry[name] !== undefined && entry[name] !== "";
      return entry[name];
    });
    return complete ? shown : "";
  });
  return filled.filter(Boolean).join(", ");
}
