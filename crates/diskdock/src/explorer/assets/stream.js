// What the server shows of itself: the whole picture at first, then what has changed in it.

import { kept, pause } from "./common.js";

const AGAIN_MS = 1000;
// The server says every 15 s that it is still there.
const SILENT_MS = 40_000;

export function withToken(headers = {}) {
  const token = kept("token");
  return token ? { ...headers, "x-diskdock-token": token } : headers;
}

// Server-sent events over fetch, which unlike EventSource can carry the admin token.
async function* events(response, heard) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const from = Math.max(0, text.length - 1);
    text += value;
    if (text.indexOf("\n\n", from) < 0) continue;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield JSON.parse(part.slice(6));
  }
}

// A list after a change; rows that did not change are the very same objects.
function changed(rows, { all, gone, changed: put, added }) {
  if (all) return all;
  const [without, instead] = [new Set(gone), new Map(put.map((row) => [row.id, row]))];
  const after = rows.filter(({ id }) => !without.has(id)).map((row) => instead.get(row.id) ?? row);
  for (const [place, row] of added) after.splice(place, 0, row);
  return after;
}

// The picture after an event.
export function after(picture, event) {
  if (!event.delta) return event;
  const next = { ...picture, truncated: event.truncated, cut: event.cut, now: event.now };
  for (const [name, change] of Object.entries(event.delta)) next[name] = changed(picture[name], change);
  return next;
}

// Watches until access is refused, and begins anew when the server was gone. `seen` gets every
// picture with the event that made it, `refused` the answer of a server that does not let it
// watch, and `gone` is told once each time the server goes.
export async function watchForever({ seen, refused, gone }) {
  let isGone = false;
  const back = (picture, event) => {
    isGone = false;
    seen(picture, event);
  };
  for (;;) {
    try {
      if (!(await watch(back, refused))) return;
    } catch {}
    if (!isGone) gone();
    isGone = true;
    await pause(AGAIN_MS);
  }
}

async function watch(seen, refused) {
  const silence = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENT_MS);
  };
  heard();
  try {
    const response = await fetch("/_diskdock/watch", { headers: withToken(), cache: "no-store", signal: silence.signal });
    if (!response.ok) {
      refused(response.status, await response.json());
      return response.status !== 403;
    }
    let picture;
    for await (const event of events(response, heard)) seen((picture = after(picture, event)), event);
  } finally {
    clearTimeout(timer);
  }
  return true;
}
