// SHA-256, SHA-1 and HMAC over bytes. The browser's own are offered to secure contexts only, and
// this server may be reached over plain http.

const bytes = (text) => (typeof text === "string" ? new TextEncoder().encode(text) : text);
const rotateLeft = (word, by) => (word << by) | (word >>> (32 - by));
const rotateRight = (word, by) => (word >>> by) | (word << (32 - by));

// The message with its padding, as 16 words for each block.
function blocks(message) {
  const length = ((message.length + 8) >> 6) * 16 + 16;
  const words = new Uint32Array(length);
  message.forEach((byte, at) => (words[at >> 2] |= byte << (24 - (at % 4) * 8)));
  words[message.length >> 2] |= 0x80 << (24 - (message.length % 4) * 8);
  words[length - 2] = Math.floor(message.length / 0x20000000);
  words[length - 1] = message.length << 3;
  return words;
}

function toBytes(words) {
  const result = new Uint8Array(words.length * 4);
  const view = new DataView(result.buffer);
  words.forEach((word, at) => view.setUint32(at * 4, word));
  return result;
}

// The first 32 bits of the fraction of the power of the first primes: FIPS 180-4 makes its
// constants so.
function fractions(count, power) {
  const found = [];
  for (let number = 2; found.length < count; number++) {
    let prime = true;
    for (let by = 2; by * by <= number; by++) if (number % by === 0) prime = false;
    if (prime) found.push(Math.floor((number ** power % 1) * 0x100000000));
  }
  return Uint32Array.from(found);
}

const ROUND = fractions(64, 1 / 3);
const START = fractions(8, 1 / 2);

export function sha256(message) {
  const words = blocks(bytes(message));
  const state = START.slice();
  const w = new Uint32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    for (let at = 0; at < 64; at++) {
      if (at < 16) {
        w[at] = words[block + at];
        continue;
      }
      const [a, b] = [w[at - 15], w[at - 2]];
      const s0 = rotateRight(a, 7) ^ rotateRight(a, 18) ^ (a >>> 3);
      const s1 = rotateRight(b, 17) ^ rotateRight(b, 19) ^ (b >>> 10);
      w[at] = w[at - 16] + s0 + w[at - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let at = 0; at < 64; at++) {
      const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[at] + w[at]) | 0;
      const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] += word));
  }
  return toBytes(state);
}

export function sha1(message) {
  const words = blocks(bytes(message));
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const w = new Uint32Array(80);
  for (let block = 0; block < words.length; block += 16) {
    for (let at = 0; at < 80; at++) {
      w[at] = at < 16 ? words[block + at] : rotateLeft(w[at - 3] ^ w[at - 8] ^ w[at - 14] ^ w[at - 16], 1);
    }
    let [a, b, c, d, e] = state;
    for (let at = 0; at < 80; at++) {
      const [mixed, constant] =
        at < 20 ? [(b & c) | (~b & d), 0x5a827999]
        : at < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : at < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
        : [b ^ c ^ d, 0xca62c1d6];
      const next = (rotateLeft(a, 5) + mixed + e + constant + w[at]) | 0;
      [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, next];
    }
    [a, b, c, d, e].forEach((word, at) => (state[at] += word));
  }
  return toBytes(state);
}

export function hmac(hash, secret, message) {
  const key = new Uint8Array(64);
  const given = bytes(secret);
  key.set(given.length > 64 ? hash(given) : given);
  const padded = (with_, rest) => Uint8Array.from([...key.map((byte) => byte ^ with_), ...rest]);
  return hash(padded(0x5c, hash(padded(0x36, bytes(message)))));
}

export const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const base64 = (data) => btoa(String.fromCharCode(...data));
