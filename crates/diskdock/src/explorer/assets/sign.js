// Signs a request as the vendor's SDKs do, and keeps every step, for debugging a signer.

import { base64, hex, hmac, sha1, sha256 } from "./hash.js";

const ALGORITHM = "ACS3-HMAC-SHA256";

// RFC 3986: everything but letters, digits and -_.~ is escaped.
export function percentEncode(text) {
  return [...new TextEncoder().encode(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-_.~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

// The order of the bytes of the names, which is that of their code points.
function byName([left], [right]) {
  const [a, b] = [[...left], [...right]];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = a[at].codePointAt(0) - b[at].codePointAt(0);
    if (difference) return difference;
  }
  return a.length - b.length;
}

export function nonce() {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

export const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

// ask: action, version, parameters ([[name, value]]), host, id, secret, nonce, date.
export function signV3(ask) {
  const query = [...ask.parameters]
    .sort(byName)
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join("&");
  const headers = [
    ["host", ask.host],
    ["x-acs-action", ask.action],
    ["x-acs-content-sha256", hex(sha256(""))],
    ["x-acs-date", ask.date],
    ["x-acs-signature-nonce", ask.nonce],
    ["x-acs-version", ask.version],
  ];
  const signedHeaders = headers.map(([name]) => name).join(";");
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = ["POST", "/", query, lines, signedHeaders, hex(sha256(""))].join("\n");
  const hashed = hex(sha256(canonical));
  const toSign = `${ALGORITHM}\n${hashed}`;
  const signature = hex(hmac(sha256, ask.secret, toSign));
  const authorization = `${ALGORITHM} Credential=${ask.id},SignedHeaders=${signedHeaders},Signature=${signature}`;
  return { method: "POST", path: "/", query, headers, canonical, hashed, toSign, signature, authorization };
}

// The signature of a string to sign under either scheme, for the checker.
export function signText(scheme, toSign, secret) {
  return scheme === "rpc" ? base64(hmac(sha1, `${secret}&`, toSign)) : hex(hmac(sha256, secret, toSign));
}
