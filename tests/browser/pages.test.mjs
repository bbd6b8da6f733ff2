// Every page in a real browser: no error on the console, nothing that its policy refuses, nothing
// that axe-core finds. With EXPLORER_PICTURES set to a folder, screenshots of the main pages there.

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { REGION, accessibilityFaults, assertNoPageErrors, call, instanceWithDisks, openPage, startBrowser, startServer } from "./harness.mjs";

const server = await startServer("--pace", "1s");
const browser = await startBrowser();
const { instance, disks: [disk] } = await instanceWithDisks(server, 2);
const pictures = process.env.EXPLORER_PICTURES;
const LOOKS = [
  { name: "light", width: 1440, scheme: "light" },
  { name: "dark", width: 1440, scheme: "dark" },
  { name: "phone", width: 390, scheme: "light" },
];

const actions = [];
before(async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer`);
  actions.push(...(await page.locator(".cards a").allTextContents()));
  await page.close();
  assert.ok(actions.length > 20, `only ${actions.length} actions`);
});

async function ready(page) {
  await page.waitForLoadState("networkidle");
}

test("every action's page has no errors and no accessibility violations", async () => {
  const { page, pageErrors } = await openPage(browser);
  for (const action of actions) {
    await page.goto(`${server.origin}/explorer/actions/${action}`);
    await ready(page);
    assert.deepEqual(await accessibilityFaults(page), [], action);
    assertNoPageErrors(pageErrors, action);
  }
  await page.close();
});

const SENT = [
  ["a request that is signed", async (page) => page.getByRole("button", { name: "Sign only" }).click()],
  ["a sample", async (page) => page.getByRole("tab", { name: "Code" }).click()],
  ["a reply", async (page) => {
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".outcome pre").waitFor();
  }],
  ["what is found", async (page) => {
    await page.locator("header").getByRole("combobox").fill("disk");
    await page.getByRole("option").first().waitFor();
  }],
  ["the choice of a key", async (page) => page.getByRole("button", { name: /testid/ }).click()],
];

for (const look of LOOKS) {
  test(`every kind of page has no accessibility violations and no overflow: ${look.name}`, async () => {
    const { page, pageErrors } = await openPage(browser, { viewport: { width: look.width, height: 900 }, colorScheme: look.scheme });
    for (const path of ["", "?q=portable", "?q=nothingofthekind", "/errors", "/errors/IncorrectDiskStatus", "/states", "/console", "/controls", "/signature", "/actions/RunInstances", `/resources/disk/${disk}`, `/resources/instance/${instance}`]) {
      await page.goto(`${server.origin}/explorer${path}`);
      // The console's stream never ends, and the controls are read again and again.
      const shown = { "/console": ".instance", "/controls": "#keys .now li" }[path] ?? (path.startsWith("/resources") && "#calls tbody tr");
      await (shown ? page.locator(shown).first().waitFor() : ready(page));
      assert.deepEqual(await accessibilityFaults(page), [], path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `${path} is wider than the window`);
      assertNoPageErrors(pageErrors, path);
    }
    for (const [what, act] of SENT) {
      await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=${REGION}`);
      await ready(page);
      await act(page);
      assert.deepEqual(await accessibilityFaults(page), [], what);
      assertNoPageErrors(pageErrors, what);
    }
    await page.close();
  });
}

test("an unknown address shows a not-found page", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/Detach`);
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByRole("link", { name: "DetachDisk", exact: true }).first().click();
  await page.getByRole("heading", { name: "DetachDisk", level: 1 }).waitFor();
  assertNoPageErrors(pageErrors, "a missing page", 1);
  await page.close();
});

test("a call can be made by keyboard alone", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks`);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("attachdisk");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/explorer/actions/AttachDisk");
  await page.getByRole("tab", { name: "Reply" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("tab", { name: "Code" }).getAttribute("aria-selected"), "true");
  await page.locator("#panel-code pre.sample").waitFor();
  await page.close();
});

test("the search box and the search page list the same results", async () => {
  const { page } = await openPage(browser);
  for (const asked of ["disk", "detach", "DataDisk size", "portable", "RegionId", "invalid id", "403", "unmount", "detahcdisk"]) {
    await page.goto(`${server.origin}/explorer?q=${encodeURIComponent(asked)}`);
    const listed = await page.locator(".results a").evaluateAll((links) => links.map((link) => decodeURIComponent(link.getAttribute("href"))));
    const script = await page.locator("script[src$='search.js']").getAttribute("src");
    const typed = await page.evaluate(async ([url, words]) => {
      const { href, matching } = await import(url);
      const entries = await (await fetch(document.querySelector(".search input").dataset.index)).json();
      return matching(entries, words).map((entry) => decodeURIComponent(href(entry)));
    }, [script, asked]);
    assert.ok(listed.length > 0, asked);
    assert.deepEqual(typed.slice(0, listed.length), listed, asked);
  }
  await page.close();
});

test("without script the form shows sample code and search lists results", async () => {
  const { page } = await openPage(browser, { javaScriptEnabled: false });
  await page.goto(`${server.origin}/explorer/actions/DetachDisk`);
  await page.locator("#in-DiskId").fill("d-awkward\"'$(x)");
  await page.locator("#language").selectOption("curl");
  await page.getByRole("button", { name: "Show the code" }).click();
  await page.waitForURL(/language=curl/);
  assert.match(await page.locator("pre.sample").textContent(), /d-awkward/);
  await page.goto(`${server.origin}/explorer?q=DiskNotPortable`);
  await page.getByRole("link", { name: "DiskNotPortable" }).click();
  await page.getByText("Turn a subscription disk into pay-as-you-go").waitFor();
  await page.close();
});

// What the documentation shows, as small as it is still readable.
const shot = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });

if (pictures) test("screenshots of the main pages", async () => {
  for (const look of LOOKS) {
    const { page } = await openPage(browser, { viewport: { width: look.width, height: look.width > 500 ? 900 : 844 }, colorScheme: look.scheme });
    await page.goto(`${server.origin}/explorer`);
    await shot(page, `actions-${look.name}`);
    await call(server, "DetachDisk", { InstanceId: instance, DiskId: disk }, { wait: true });
    await call(server, "AttachDisk", { InstanceId: instance, DiskId: disk }, { wait: true });
    await page.goto(`${server.origin}/explorer/actions/DetachDisk?InstanceId=${instance}&DiskId=${disk}`);
    await ready(page);
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("button", { name: "Yes, DetachDisk" }).click();
    await page.locator(".timeline .settled").waitFor();
    if (look.name === "phone") await page.locator(".bench").scrollIntoViewIfNeeded();
    await shot(page, `call-${look.name}`);
    await page.getByRole("tab", { name: "Code" }).click();
    await shot(page, `code-${look.name}`);
    await page.locator("#states").scrollIntoViewIfNeeded();
    await shot(page, `reference-${look.name}`);
    await call(server, "AttachDisk", { InstanceId: instance, DiskId: disk });
    await page.goto(`${server.origin}/explorer/console`);
    await page.locator(".instance").first().waitFor();
    await shot(page, `console-${look.name}`);
    await page.goto(`${server.origin}/explorer/resources/disk/${disk}`);
    await page.locator("#calls tbody tr").first().waitFor();
    await shot(page, `resource-${look.name}`);
    await page.goto(`${server.origin}/explorer/states`);
    await shot(page, `states-${look.name}`);
    await page.goto(`${server.origin}/explorer/console`);
    await page.locator(`.instances [data-disk="${disk}"]`, { hasText: "In_use" }).waitFor();
    await page.close();
  }
});
