// The serial console on an instance's page: what it loads and when, what it shows, and how it says why
// there is none. The server is real and simulates its machines; a guest is played where one is needed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, assertNoPageErrors, instanceWithDisks, openPage, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();
const { instance } = await instanceWithDisks(server, 0);

async function openInstance(options) {
  const opened = await openPage(browser, options);
  const loaded = [];
  opened.page.on("request", (request) => loaded.push(new URL(request.url()).pathname.split("/").pop()));
  await opened.page.goto(`${server.origin}/explorer/resources/instance/${instance}`);
  await opened.page.locator("#now .json").waitFor();
  return { ...opened, loaded };
}

// Plays a guest that echoes; gives what was typed.
async function playGuest(page, typed) {
  let client;
  await page.route(`**/_diskdock/console/${instance}`, (route) => route.fulfill({ json: { instance, input: true } }));
  await page.routeWebSocket(`**/_diskdock/console/${instance}`, (socket) => {
    client = socket;
    socket.onMessage((message) => {
      typed.push(Buffer.from(message));
      socket.send(Buffer.from(message));
    });
    socket.send(Buffer.from("\x1b[38;2;10;120;30mgreen\x1b[0m \x1b[1mweb login:\x1b[0m "));
  });
  return () => client;
}

const rows = (page) => page.locator("#terminal .xterm-rows");

test("a simulated instance says that it has no console, and loads no terminal", async () => {
  const { page, pageErrors, loaded } = await openInstance();
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.locator("#terminal .notice", { hasText: "has no console: no virtual machine runs for it here" }).waitFor();
  await page.locator(".terminal-state", { hasText: "Not connected." }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Open the console" }).isEnabled(), true);
  assert.ok(!loaded.includes("xterm.css"));
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "a console that is refused", 1);
  await page.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`a terminal shows output, types, pastes and says when it is closed (${colorScheme})`, async () => {
    const { page, pageErrors, loaded } = await openInstance({ colorScheme });
    const typed = [];
    const guest = await playGuest(page, typed);
    for (const name of ["terminal.js", "xterm.js", "xterm.css"]) assert.ok(!loaded.includes(name), `${name} is loaded before it is asked for`);
    await page.getByRole("button", { name: "Open the console" }).click();
    await page.locator(".terminal-state.on", { hasText: "Connected" }).waitFor();
    await rows(page).filter({ hasText: "green web login:" }).waitFor();
    await page.keyboard.type("root");
    await page.keyboard.press("Enter");
    await rows(page).filter({ hasText: "login: root" }).waitFor();
    assert.equal(Buffer.concat(typed).toString(), "root\r");
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData("text/plain", "x".repeat(10_000));
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    while (Buffer.concat(typed).length < 10_005) await page.waitForTimeout(20);
    assert.ok(typed.every((piece) => piece.length <= 4096), "the server takes no longer messages");
    guest().send(JSON.stringify({ omitted: 12 }));
    await rows(page).filter({ hasText: "12 bytes are left out here" }).waitFor();
    const ground = await page.locator("#terminal .xterm-scrollable-element").first().evaluate((node) => getComputedStyle(node).backgroundColor);
    assert.equal(ground, colorScheme === "dark" ? "rgb(24, 30, 39)" : "rgb(255, 255, 255)");
    assert.deepEqual(await accessibilityFaults(page), []);
    // Tab is the guest's; this is the way out.
    await page.keyboard.press("Control+]");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Disconnect");
    await guest().close({ code: 1000, reason: "the virtual machine was turned off or restarted" });
    await page.locator(".terminal-state.off", { hasText: "the virtual machine was turned off or restarted" }).waitFor();
    assert.equal(await page.locator("#terminal .serial.off").count(), 1);
    assert.deepEqual(await accessibilityFaults(page), []);
    assertNoPageErrors(pageErrors, "a terminal");
    await page.close();
  });
}

test("a terminal sends the token in characters that a protocol may have, and shows it nowhere", async () => {
  const { page } = await openInstance();
  const token = "a/b=,c";
  await page.route(`**/_diskdock/console/${instance}`, (route) => route.fulfill({ json: { instance, input: true } }));
  await page.evaluate((kept) => {
    sessionStorage.setItem("diskdock.token", kept);
    window.offered = [];
    window.WebSocket = class {
      constructor(_, protocols) {
        window.offered.push(...protocols);
        throw new SyntaxError(`The subprotocol '${kept}' is invalid.`);
      }
    };
  }, token);
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.locator("#terminal .notice", { hasText: "The console cannot be opened." }).waitFor();
  const offered = await page.evaluate(() => window.offered);
  assert.deepEqual(offered, ["diskdock-console", `diskdock-token.${Buffer.from(token).toString("hex")}`]);
  assert.ok(!(await page.locator("body").textContent()).includes(token));
  await page.close();
});

test("a terminal follows the size of its panel, and connects again", async () => {
  const { page, pageErrors } = await openInstance({ viewport: { width: 390, height: 800 } });
  const guest = await playGuest(page, []);
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.locator(".terminal-state.on").waitFor();
  const width = () => page.locator("#terminal .xterm-screen").evaluate((node) => node.getBoundingClientRect().width);
  const narrow = await width();
  assert.ok(narrow <= 390, `${narrow}`);
  await page.setViewportSize({ width: 1200, height: 800 });
  while ((await width()) <= narrow) await page.waitForTimeout(20);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.locator(".terminal-state.off", { hasText: "Disconnected" }).waitFor();
  const first = guest();
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.locator(".terminal-state.on").waitFor();
  assert.notEqual(guest(), first);
  assertNoPageErrors(pageErrors, "a terminal that changes its size");
  await page.close();
});
