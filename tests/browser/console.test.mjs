// The console: changes show by themselves, and disks are attached and detached by button and by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, assertNoPageErrors, call, clearRules, control, hold, instanceWithDisks, openPage, REGION, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();
const { instance, disks: [first, second] } = await instanceWithDisks(server, 2);

async function openConsole() {
  const opened = await openPage(browser);
  await opened.page.goto(`${server.origin}/explorer/console`);
  await opened.page.locator(`.instances [data-disk="${first}"]`).waitFor();
  return opened;
}

const sure = (page, what) => page.getByRole("button", { name: `Yes, ${what}` }).click();
const disk = (page, id, place, status) => page.locator(`${place} [data-disk="${id}"]`, { hasText: status });

test("a disk is detached by its button and attached again from the list", async () => {
  const { page, pageErrors } = await openConsole();
  await page.getByRole("button", { name: `Detach ${first}` }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await disk(page, first, ".instances", "In_use").waitFor();
  await hold(server, "detach");
  await hold(server, "attach");
  await page.getByRole("button", { name: `Detach ${first}` }).click();
  await sure(page, "DetachDisk");
  await disk(page, first, ".instances", "Detaching").waitFor();
  await page.locator(".operations").getByText("disk.detach").waitFor();
  await control(server, "transitions/finish", { disk: first });
  await disk(page, first, ".free", "Available").waitFor();
  await page.getByLabel(`Attach ${first} to`).selectOption(instance);
  await disk(page, first, ".instances", "Attaching").waitFor();
  await control(server, "transitions/finish", { disk: first });
  await disk(page, first, ".instances", "In_use").waitFor();
  await clearRules(server);
  assertNoPageErrors(pageErrors, "console");
  await page.close();
});

test("a disk is dragged off an instance and back onto it", async () => {
  const { page, pageErrors } = await openConsole();
  // By its id, beside the controls on it.
  const sourcePosition = { x: 20, y: 12 };
  await page.dragAndDrop(`[data-disk="${second}"]`, ".free", { sourcePosition });
  await sure(page, "DetachDisk");
  await disk(page, second, ".free", "Available").waitFor();
  await page.dragAndDrop(`[data-disk="${second}"]`, `[data-instance="${instance}"]`, { sourcePosition });
  await disk(page, second, ".instances", "In_use").waitFor();
  assertNoPageErrors(pageErrors, "console");
  await page.close();
});

test("the buttons of a row stop and start an instance, add a disk, resize and delete one", async () => {
  const { page, pageErrors } = await openConsole();
  const row = page.locator(`[data-instance="${instance}"]`);
  await page.getByRole("button", { name: `Add a disk ${instance}` }).click();
  await page.getByLabel("GiB").fill("41");
  await sure(page, "CreateDisk");
  await row.locator(".disk", { hasText: "41 GiB" }).filter({ hasText: "In_use" }).waitFor();
  await page.getByRole("button", { name: `Stop ${instance}` }).click();
  await sure(page, "StopInstance");
  await row.locator("summary", { hasText: "Stopped" }).waitFor();
  await page.getByRole("button", { name: `Start ${instance}` }).click();
  await row.locator("summary", { hasText: "Running" }).waitFor();

  const { DiskId } = await call(server, "CreateDisk", { RegionId: REGION, ZoneId: "cn-hangzhou-b", Size: 50, DiskCategory: "cloud_essd" });
  await page.getByRole("button", { name: `Resize ${DiskId}` }).click();
  await page.getByLabel("GiB").fill("60");
  await sure(page, "ResizeDisk");
  await disk(page, DiskId, ".free", "60 GiB").waitFor();
  await page.getByRole("button", { name: `Delete ${DiskId}` }).click();
  await sure(page, "DeleteDisk");
  await page.locator(`[data-disk="${DiskId}"]`).waitFor({ state: "detached" });
  assertNoPageErrors(pageErrors, "buttons of a row");
  await page.close();
});

test("a change by another client shows at once, and a call in the list reopens its form", async () => {
  const { page } = await openConsole();
  const { DiskId } = await call(server, "CreateDisk", { RegionId: "cn-hangzhou", ZoneId: "cn-hangzhou-b", Size: 33, DiskCategory: "cloud_essd", DiskName: "seen" });
  await disk(page, DiskId, ".free", "33 GiB").waitFor();
  await page.locator(".calls a", { hasText: "CreateDisk" }).first().click();
  await page.waitForURL("**/explorer/actions/CreateDisk?**");
  assert.equal(await page.locator("#in-Size").inputValue(), "33");
  assert.equal(await page.locator("#in-DiskName").inputValue(), "seen");
  await page.close();
});

test("an action that is refused shows its error on the console", async () => {
  const { page } = await openConsole();
  const plan = { action: "DetachDisk", times: 1, fault: { do: "answer", code: "DiskNotPortable" } };
  await control(server, "faults", plan);
  await page.getByRole("button", { name: `Detach ${first}` }).click();
  await sure(page, "DetachDisk");
  await page.locator(".refusal", { hasText: "DiskNotPortable" }).waitFor();
  await page.close();
});

test("five consoles at a time all show a change", async () => {
  const opened = await Promise.all(Array.from({ length: 5 }, openConsole));
  await call(server, "DetachDisk", { InstanceId: instance, DiskId: second });
  await Promise.all(opened.map(({ page }) => disk(page, second, ".free", "Available").waitFor()));
  await Promise.all(opened.map(({ page }) => page.close()));
});

// A page on a server of its own that shows what the test says.
async function pictured(picture) {
  const { page, pageErrors } = await openPage(browser);
  await page.addInitScript(() => {
    const real = globalThis.fetch;
    globalThis.fetch = (url, options) => {
      if (url !== "/_diskdock/watch") return real(url, options);
      const body = new ReadableStream({ start: (stream) => (globalThis.stream = stream) });
      return Promise.resolve(new Response(body));
    };
    globalThis.said = (seen) => globalThis.stream.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(seen)}\n\n`));
  });
  await page.goto(`${server.origin}/explorer/console`);
  await page.waitForFunction(() => globalThis.stream);
  await page.evaluate((seen) => globalThis.said(seen), picture);
  return { page, pageErrors };
}

function diskOf(number, status) {
  return { id: `d-${number}`, name: `disk-${number}`, size: 20, category: "cloud_essd", kind: "data", account: "1", region: REGION, zone: "cn-hangzhou-b", status, portable: true, multi_attach: false, tags: [] };
}

function large(instances, disksEach) {
  const made = Array.from({ length: instances }, (_, number) => ({
    id: `i-${number}`, name: `web-${number}`, type: "ecs.g6.large", account: "1", region: REGION, zone: "cn-hangzhou-b", status: "Running", releasing: false, locks: [], tags: [`team=${number % 2 ? "red" : "blue"}`],
    disks: Array.from({ length: disksEach }, (_, at) => diskOf(number * 100 + at, "In_use")),
  }));
  return { truncated: false, instances: made, free: [diskOf(99_999, "Available")], operations: [], calls: [] };
}

test("500 instances are counted, filtered and paged, and folded until they are opened", async () => {
  const { page, pageErrors } = await pictured(large(500, 10));
  await page.locator("#instances .count", { hasText: "500 instances: 500 Running" }).waitFor();
  assert.equal(await page.locator(".instance").count(), 100);
  await page.locator(".instances .more").click();
  assert.equal(await page.locator(".instance").count(), 200);
  await page.getByLabel("Filter").fill("web-499");
  await page.locator("#instances .count", { hasText: "1 of 500 instances" }).waitFor();
  assert.equal(await page.locator(".instance .disk").count(), 0);
  await page.locator(".instance summary").click();
  await page.locator(".instance .disk").nth(9).waitFor();
  await page.getByLabel("Filter").fill("team=red cloud_essd");
  await page.locator("#instances .count", { hasText: "250 of 500 instances" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("filter"), "team=red cloud_essd");
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "large console");
  await page.close();
});

test("a change among 5,000 disks keeps focus, selection and scroll", async () => {
  const picture = large(500, 10);
  const { page } = await pictured(picture);
  await page.locator(".instance summary").nth(60).click();
  await page.locator(".instance .disk").nth(9).waitFor();
  const kept = await page.evaluate(() => {
    const id = document.querySelector(".instance .about .id");
    getSelection().selectAllChildren(id);
    globalThis.kept = id;
    return { scroll: scrollY, focus: document.activeElement.dataset.focus, selected: String(getSelection()) };
  });
  assert.ok(kept.scroll > 0 && kept.selected === "i-60", JSON.stringify(kept));
  const changed = [{ ...picture.instances[61], status: "Stopping" }];
  await page.evaluate((delta) => globalThis.said({ truncated: false, delta }), { instances: { gone: [], changed, added: [] } });
  await page.locator("#instances .count", { hasText: "1 Stopping" }).waitFor();
  const after = await page.evaluate(() => ({ scroll: scrollY, focus: document.activeElement.dataset.focus, selected: String(getSelection()) }));
  assert.deepEqual(after, kept);
  // A change of a disk of the very instance that is looked at replaces that disk alone.
  const disks = picture.instances[60].disks.map((one, at) => (at === 3 ? { ...one, status: "Detaching" } : one));
  const own = [{ ...picture.instances[60], disks }];
  await page.evaluate((delta) => globalThis.said({ truncated: false, delta }), { instances: { gone: [], changed: own, added: [] } });
  await disk(page, disks[3].id, ".instances", "Detaching").waitFor();
  assert.equal(await page.evaluate(() => globalThis.kept.isConnected && String(getSelection())), "i-60");
  await page.close();
});

test("a closed stream is announced, and every button is inert until it is back", async () => {
  const { page } = await pictured(large(2, 1));
  await page.locator(".instance").first().waitFor();
  await page.evaluate(() => {
    globalThis.stream.close();
    globalThis.stream = undefined;
  });
  await page.locator(".watching.gone", { hasText: "gone since" }).waitFor();
  assert.equal(await page.locator("#instances").evaluate((section) => section.inert), true);
  await page.waitForFunction(() => globalThis.stream);
  await page.evaluate((seen) => globalThis.said(seen), large(3, 1));
  await page.locator("#instances .count", { hasText: "3 instances" }).waitFor();
  assert.equal(await page.locator("#instances").evaluate((section) => section.inert), false);
  await page.close();
});

test("the buttons of an operation refuse and finish it, and its ids narrow the lists", async () => {
  const { page } = await openConsole();
  await hold(server, "detach");
  await call(server, "DetachDisk", { InstanceId: instance, DiskId: first });
  await page.locator(".operations").getByRole("link", { name: first }).click();
  await page.waitForURL(`**/console?filter=${first}`);
  await page.locator("#instances .count", { hasText: "1" }).waitFor();
  await page.getByRole("button", { name: `Refuse disk.detach of ${first}` }).click();
  await sure(page, "refuse");
  await disk(page, first, ".instances", "In_use").waitFor();
  await call(server, "DetachDisk", { InstanceId: instance, DiskId: first });
  await page.getByRole("button", { name: `Finish disk.detach of ${first}` }).click();
  await disk(page, first, ".free", "Available").waitFor();
  await clearRules(server);
  await page.close();
});

test("an empty console makes example instances", async () => {
  const empty = await startServer();
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${empty.origin}/explorer/console`);
  await page.getByRole("button", { name: "Make example instances" }).click();
  await page.locator(".free .disk").nth(2).waitFor();
  await page.locator("#instances .count", { hasText: "2 instances" }).waitFor();
  assertNoPageErrors(pageErrors, "example instances");
  await page.close();
});

test("numbers about a list that is not whole are the least that there are", async () => {
  const { page, pageErrors } = await pictured({ ...large(150, 1), truncated: true, cut: ["instances"] });
  await page.locator(".watching", { hasText: "more instances than are shown" }).waitFor();
  assert.equal(await page.locator("#instances .count").textContent(), "at least 150 instances: at least 150 Running");
  assert.equal(await page.locator("#free .count").textContent(), "1 disks: 1 Available");
  assert.equal(await page.locator(".instances .more").textContent(), "Show more: 100 of at least 150 are shown");
  await page.getByLabel("Filter").fill("web-14");
  await page.locator("#instances .count", { hasText: "at least 11 of at least 150 instances: at least 11 Running" }).waitFor();
  assertNoPageErrors(pageErrors, "a list that is not whole");
  await page.close();
});

test("empty lists say what to do, and what fits no filter is shown again by a button", async () => {
  const { page, pageErrors } = await pictured({ ...large(2, 1), free: [] });
  await page.locator("#free .nothing", { hasText: "CreateDisk makes one" }).waitFor();
  await page.locator("#operations .quiet", { hasText: "Nothing is under way" }).waitFor();
  await page.locator("#calls .quiet", { hasText: "No call has changed anything" }).waitFor();
  await page.getByLabel("Filter").fill("no such");
  await page.locator("#instances .unfitting").getByRole("button", { name: "Show all" }).click();
  await page.locator("#instances .count", { hasText: "2 instances: 2 Running" }).waitFor();
  assert.equal(await page.getByLabel("Filter").inputValue(), "");
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "empty lists");
  await page.close();
});

test("an instance that is locked or out of reach says so, and operations have the buttons that the server takes", async () => {
  const picture = large(1, 1);
  Object.assign(picture.instances[0], { locks: ["security"], lost: true });
  const operation = { id: 1, kind: "disk.detach", disk: "d-0", instance: "i-0", phase: "asked", tries: 2, last_event: "the guest keeps it", created_at: "2026-01-01T00:00:00Z", deadline_at: "2026-01-01T00:05:00Z", given_up: false };
  picture.operations = [{ ...operation, can: ["step"] }];
  const { page, pageErrors } = await pictured(picture);
  await page.locator(".instance .notice", { hasText: "Locked for security" }).waitFor();
  await page.locator(".instance .notice", { hasText: "cannot be reached" }).waitFor();
  await page.locator("#operations .count", { hasText: "1 under way" }).waitFor();
  assert.deepEqual(await page.locator("#operations td button").allTextContents(), ["Retry"]);
  assertNoPageErrors(pageErrors, "marks");
  await page.close();
});
