// The explorer calls as any page of this server may; a page of another origin gets nothing, even if
// it knows the development key.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { openPage, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();

const foreign = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>elsewhere</title>"));
await new Promise((done) => foreign.listen(0, "127.0.0.1", done));
after(() => foreign.close());

// Signs a call with the development key; the browser then sends it from wherever the page is.
async function signedCall() {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer`);
  const signed = await page.evaluate(async (host) => {
    const script = document.querySelector("link[rel=stylesheet]").href.replace("explorer.css", "sign.js");
    const { nonce, now, signV3 } = await import(script);
    return signV3({ action: "DescribeRegions", version: "2014-05-26", parameters: [], host, id: "testid", secret: "testsecret", nonce: nonce(), date: now() });
  }, server.address);
  await page.close();
  return Object.fromEntries([...signed.headers.filter(([name]) => name !== "host"), ["authorization", signed.authorization]]);
}

async function sendFrom(origin, headers) {
  const { page } = await openPage(browser);
  await page.goto(origin);
  const status = await page.evaluate(async ([url, signed]) => {
    try {
      return (await fetch(url, { method: "POST", headers: signed })).status;
    } catch {
      return "refused";
    }
  }, [`${server.origin}/`, headers]);
  await page.close();
  return status;
}

test("calls from a page of this server are accepted", async () => {
  assert.equal(await sendFrom(`${server.origin}/explorer`, await signedCall()), 200);
});

test("calls from a page of another origin are refused even when rightly signed", async () => {
  const elsewhere = `http://127.0.0.1:${foreign.address().port}/`;
  assert.equal(await sendFrom(elsewhere, await signedCall()), "refused");
  // A browser that let the request through would still be refused by the server.
  const headers = { ...(await signedCall()), origin: elsewhere.slice(0, -1), "sec-fetch-site": "cross-site" };
  const answer = await fetch(`${server.origin}/`, { method: "POST", headers });
  assert.equal(answer.status, 403);
  assert.equal((await answer.json()).Code, "Forbidden.Origin");
});

test("watching and framing from another origin are refused", async () => {
  const { page } = await openPage(browser);
  await page.goto(`http://127.0.0.1:${foreign.address().port}/`);
  const seen = await page.evaluate(async (origin) => {
    const watched = await fetch(`${origin}/_diskdock/watch`, { mode: "no-cors" }).then((answer) => answer.type, () => "refused");
    const frame = document.createElement("iframe");
    frame.src = `${origin}/explorer`;
    document.body.append(frame);
    await new Promise((done) => (frame.onload = done));
    return { watched, framed: frame.contentDocument?.title };
  }, server.origin);
  assert.equal(seen.framed, undefined);
  const answer = await fetch(`${server.origin}/_diskdock/watch`, { headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(answer.status, 403);
  assert.notEqual(seen.watched, "basic");
  await page.close();
});

test("the root address redirects a browser to the explorer and answers a program with the API's error", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/`);
  assert.equal(page.url(), `${server.origin}/explorer`);
  await page.close();
  const answer = await fetch(`${server.origin}/`);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).Code, "MissingParameter");
});
