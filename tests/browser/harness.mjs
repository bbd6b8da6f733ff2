// A server of its own for each file of tests, and a browser that reports whatever goes wrong in it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const repository = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const target = process.env.CARGO_TARGET_DIR ?? join(repository, "target");
const installed = createRequire(join(target, "browser/"));
const { chromium } = installed("playwright-core");
const axe = readFileSync(installed.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const ANSWERS_WITHIN_MS = 10_000;
export const SHOWS_WITHIN_MS = 20_000;

function binary() {
  const built = process.env.DISKDOCK_BIN ?? join(target, "release/diskdock");
  if (!existsSync(built)) throw new Error(`no server at ${built}: build it, or name it in DISKDOCK_BIN`);
  return built;
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

async function within(milliseconds, what, attempt) {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      if (await attempt()) return;
    } catch {}
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// Starts a server that ends with the tests of this file.
export async function startServer(...options) {
  const address = `127.0.0.1:${await freePort()}`;
  const log = join(mkdtempSync(join(tmpdir(), "diskdock-browser-")), "log");
  const out = openSync(log, "w");
  const child = spawn(binary(), ["serve", "--ephemeral", "--listen", address, ...options], { stdio: ["ignore", out, out] });
  const ended = new Promise((done) => child.once("exit", done));
  after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const origin = `http://${address}`;
  await within(ANSWERS_WITHIN_MS, `an answer of ${origin}, see ${log}`, async () => (await fetch(`${origin}/_diskdock/health`)).ok);
  return { origin, address, log: () => readFileSync(log, "utf8"), stop: () => child.kill("SIGTERM") };
}

export async function startBrowser() {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  after(() => browser.close());
  return browser;
}

// Takes scripts and styles from a folder, so that a change of them is tried without a build.
function assetOf(folder) {
  return (route) => {
    const path = join(folder, basename(new URL(route.request().url()).pathname));
    return existsSync(path) ? route.fulfill({ path }) : route.continue();
  };
}

// A page whose errors, refused loads and warnings are collected; `expected` says which may be.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  if (process.env.EXPLORER_ASSETS) await context.route("**/explorer/assets/*/*", assetOf(process.env.EXPLORER_ASSETS));
  const page = await context.newPage();
  page.setDefaultTimeout(SHOWS_WITHIN_MS);
  const pageErrors = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) pageErrors.push(message.text());
  });
  page.on("pageerror", (error) => pageErrors.push(String(error)));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, context, pageErrors };
}

// A refusal of the API is an answer, which Chromium nevertheless reports as a failed load.
export function assertNoPageErrors(pageErrors, where, refusals = 0) {
  const refused = (text) => /Failed to load resource: the server responded with a status of 40\d/.test(text);
  const rest = pageErrors.filter((text) => !refused(text));
  assert.deepEqual(rest, [], where);
  assert.equal(pageErrors.length - rest.length, refusals, `${where}: refused loads`);
}

// What axe-core finds, through the page's own policy: it is evaluated, not loaded.
export async function accessibilityFaults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}

// Calls an action with the program's own command line.
export async function call(server, action, parameters, { wait = false } = {}) {
  const options = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const args = ["call", action, ...options, ...(wait ? ["--wait"] : [])];
  const child = spawn(binary(), args, { env: { ...process.env, DISKDOCK_ENDPOINT: server.origin } });
  let [text, faults] = ["", ""];
  child.stdout.on("data", (data) => (text += data));
  child.stderr.on("data", (data) => (faults += data));
  const code = await new Promise((done) => child.once("close", done));
  assert.equal(code, 0, `${action}: ${faults}${text}`);
  return JSON.parse(text.slice(text.indexOf("{")));
}

// One of the operator's controls.
export async function control(server, path, body, method = "POST") {
  const response = await fetch(`${server.origin}/_diskdock/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

// Transitions of this kind stay under way until they are finished or the rules are cleared.
export const hold = (server, transition) => control(server, "rules", { transition, behaviour: { do: "hold" } });
export const clearRules = (server) => control(server, "rules", undefined, "DELETE");

export const REGION = "cn-hangzhou";

// A running instance with so many data disks on it.
export async function instanceWithDisks(server, disks) {
  const image = "ubuntu_22_04_x64_20G_alibase_20240926.vhd";
  const made = await call(server, "RunInstances", { RegionId: REGION, ImageId: image, InstanceType: "ecs.g6.large", InstanceName: "web-1" }, { wait: true });
  const InstanceId = made.InstanceIdSets.InstanceIdSet[0];
  const ids = [];
  for (let number = 1; number <= disks; number++) {
    const { DiskId } = await call(server, "CreateDisk", { RegionId: REGION, ZoneId: "cn-hangzhou-b", Size: 20 * number, DiskCategory: "cloud_essd", DiskName: `data-${number}` });
    await call(server, "AttachDisk", { InstanceId, DiskId }, { wait: true });
    ids.push(DiskId);
  }
  return { instance: InstanceId, disks: ids };
}
