// Calls the API as any client does: a signed request over the wire.

import { key } from "./key.js";
import { nonce, now, signV3 } from "./sign.js";

export function signed(action, version, parameters) {
  const { id, secret } = key();
  return signV3({ action, version, parameters, host: location.host, id, secret, nonce: nonce(), date: now() });
}

// Sends; gives the signed request, the status, the text and how long it took.
export async function send(action, version, parameters) {
  const request = signed(action, version, parameters);
  const headers = Object.fromEntries(request.headers.filter(([name]) => name !== "host"));
  headers.authorization = request.authorization;
  headers.accept = "application/json";
  const began = performance.now();
  const url = request.query ? `/?${request.query}` : "/";
  const response = await fetch(url, { method: "POST", headers, cache: "no-store", credentials: "omit" });
  const text = await response.text();
  const milliseconds = performance.now() - began;
  const ignored = response.headers.get("x-diskdock-ignored");
  return { request, status: response.status, text, milliseconds, ignored };
}

export class Refused extends Error {
  constructor(status, body) {
    super(`${body.Code}: ${body.Message}`);
    Object.assign(this, { status, code: body.Code });
  }
}

// Calls for the page's own sake: gives the reply, or throws.
export async function ask(action, version, parameters) {
  const { status, text } = await send(action, version, Object.entries(parameters));
  const body = JSON.parse(text);
  if (status >= 400) throw new Refused(status, body);
  return body;
}
