// The page signs as the official SDK does, and the checker finds what is wrong with a signature.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { assertNoPageErrors, openPage, repository, startBrowser, startServer, target } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();

const AWKWARD = [
  [["DiskId", "d-1"], ["InstanceId", "i-1"]],
  [],
  [["DiskName", "a b*~+/=&%'()!"], ["Description", "\"quoted\" \\ $(x) </script>"]],
  [["Tag.1.Key", "中文 é 😀"], ["Tag.10.Key", "ten"], ["Tag.2.Key", "two"]],
  [["DiskIds", "[\"d-1\",\"d-2\"]"], ["Size", "20"], ["Text", "line\nline\ttab"]],
  [["Long", "x y".repeat(5000)]],
];

// What the official SDK makes of the same requests.
async function official(requests) {
  const python = join(target, "sdk/venv/bin/python");
  const child = spawn(python, [join(repository, "tests/browser/official_signature.py")], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (data) => (text += data));
  child.stdin.end(requests.map((request) => JSON.stringify(request)).join("\n"));
  assert.equal(await new Promise((done) => child.once("close", done)), 0);
  return text.trim().split("\n");
}

const scriptOf = (page, name) => page.evaluate((wanted) => {
  const css = document.querySelector("link[rel=stylesheet]").href;
  return css.replace("explorer.css", wanted);
}, name);

test("the page's signature equals the official SDK's", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer`);
  const script = await scriptOf(page, "sign.js");
  const secrets = ["testsecret", "s".repeat(100), "geheim é"];
  const asked = AWKWARD.map((parameters, at) => ({ action: "DetachDisk", version: "2014-05-26", parameters, host: "127.0.0.1:5260", id: "testid", secret: secrets[at % 3], nonce: `nonce-${at}`, date: "2026-01-02T03:04:05Z" }));
  const ours = await page.evaluate(async ([url, all]) => {
    const { signV3 } = await import(url);
    return all.map(signV3);
  }, [script, asked]);
  const theirs = await official(ours.map((signed, at) => ({
    method: signed.method, query: Object.fromEntries(asked[at].parameters), headers: Object.fromEntries(signed.headers), id: "testid", secret: asked[at].secret,
  })));
  assert.deepEqual(ours.map((signed) => signed.authorization), theirs);
  assertNoPageErrors(pageErrors, "signing");
  await page.close();
});

// The request of a call as the explorer shows it, for pasting.
async function shownRequest(page) {
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=cn-hangzhou&DiskName=a%20b`);
  await page.getByRole("button", { name: "Sign only" }).click();
  const blocks = await page.locator(".steps pre").allTextContents();
  return { request: blocks[0], canonical: blocks[1] };
}

async function check(page, request, { mine = "", secret = "testsecret" } = {}) {
  await page.goto(`${server.origin}/explorer/signature`);
  await page.getByLabel("The request", { exact: true }).fill(request);
  await page.getByLabel("Your own string to sign").fill(mine);
  await page.getByLabel("AccessKey secret").last().fill(secret);
  await page.getByRole("button", { name: "Check" }).click();
  await page.locator(".findings .verdict").first().waitFor();
  return (await page.locator(".findings .verdict").allTextContents()).join(" ");
}

test("the checker accepts a right signature and names the mistake in others", async () => {
  const { page, pageErrors } = await openPage(browser);
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  const { request, canonical } = await shownRequest(page);
  assert.equal(await check(page, request), "The signature is right for this secret.");
  assert.match(await check(page, request, { secret: "other", mine: canonical }), /the secret is another one/);
  assert.match(await check(page, request, { mine: canonical.replace("%20", "+") }), /A space was signed as \+/);
  assert.match(await check(page, request.replace("%20b", "%20c")), /not that of this text/);
  assert.match(await check(page, request.replace(/x-acs-date: .*\n/, "")), /x-acs-date is mandatory/);
  assert.equal(sent.some((text) => text.includes("testsecret")), false, "the secret stays in the page");
  assertNoPageErrors(pageErrors, "the checker");
  await page.close();
});

test("the checker names a space encoded as + without the string to sign", async () => {
  const { page } = await openPage(browser);
  const { request } = await shownRequest(page);
  const script = await scriptOf(page, "hash.js");
  const wrong = await page.evaluate(async ([url, text]) => {
    const { hex, hmac, sha256 } = await import(url);
    const canonical = [...document.querySelectorAll(".steps pre")][1].textContent.replace("%20", "+");
    const signature = hex(hmac(sha256, "testsecret", `ACS3-HMAC-SHA256\n${hex(sha256(canonical))}`));
    return text.replace(/Signature=[0-9a-f]+/, `Signature=${signature}`);
  }, [script, request]);
  assert.match(await check(page, wrong), /A space was signed as \+/);
  await page.close();
});

test("the checker checks and signs a string to sign without its request", async () => {
  const { page } = await openPage(browser);
  const right = "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26";
  assert.match(await check(page, "", { mine: right }), /well made/);
  // The vendor prints this signature for it.
  await page.locator(".findings pre", { hasText: "OLeaidS1JvxuMvnyHOwuJ+uX5qY=" }).waitFor();
  const swapped = right.replace("AccessKeyId%3Dtestid%26Action%3DDescribeRegions", "Action%3DDescribeRegions%26AccessKeyId%3Dtestid");
  assert.match(await check(page, "", { mine: swapped }), /differs from the server's/);
  await page.close();
});
