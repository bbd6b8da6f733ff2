// The console: changes show by themselves, and disks are attached and detached by button and by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoTroubles, call, instanceWithDisks, openPage, startBrowser, startServer } from "./world.mjs";

const server = await startServer("--pace", "1500ms");
const browser = await startBrowser();
const { instance, disks: [first, second] } = await instanceWithDisks(server, 2);

async function openConsole() {
  const opened = await openPage(browser);
  await opened.page.goto(`${server.origin}/explorer/console`);
  await opened.page.locator(`.instances [data-disk="${first}"]`).waitFor();
  return opened;
}

const disk = (page, id, place, status) => page.locator(`${place} [data-disk="${id}"]`, { hasText: status });

test("a disk is detached by its button and attached again from the list", async () => {
  const { page, troubles } = await openConsole();
  await page.getByRole("button", { name: `Detach ${first}` }).click();
  await disk(page, first, ".instances", "Detaching").waitFor();
  await page.locator(".operations").getByText("disk.detach").waitFor();
  await disk(page, first, ".free", "Available").waitFor();
  await page.getByLabel(`Attach ${first} to`).selectOption(instance);
  await disk(page, first, ".instances", "Attaching").waitFor();
  await disk(page, first, ".instances", "In_use").waitFor();
  assertNoTroubles(troubles, "console");
  await page.close();
});

test("a disk is dragged off an instance and back onto it", async () => {
  const { page, troubles } = await openConsole();
  // By its id, beside the controls on it.
  const sourcePosition = { x: 20, y: 12 };
  await page.dragAndDrop(`[data-disk="${second}"]`, ".free", { sourcePosition });
  await disk(page, second, ".free", "Available").waitFor();
  await page.dragAndDrop(`[data-disk="${second}"]`, `[data-instance="${instance}"]`, { sourcePosition });
  await disk(page, second, ".instances", "In_use").waitFor();
  assertNoTroubles(troubles, "console");
  await page.close();
});

test("what others do shows at once, and a call can be opened as it was", async () => {
  const { page } = await openConsole();
  const { DiskId } = await call(server, "CreateDisk", { RegionId: "cn-hangzhou", ZoneId: "cn-hangzhou-b", Size: 33, DiskCategory: "cloud_essd", DiskName: "seen" });
  await disk(page, DiskId, ".free", "33 GiB").waitFor();
  await page.locator(".calls a", { hasText: "CreateDisk" }).first().click();
  await page.waitForURL("**/explorer/actions/CreateDisk?**");
  assert.equal(await page.locator("#in-Size").inputValue(), "33");
  assert.equal(await page.locator("#in-DiskName").inputValue(), "seen");
  await page.close();
});

test("a refusal is told where it happened", async () => {
  const { page } = await openConsole();
  const plan = { action: "DetachDisk", times: 1, fault: { do: "answer", code: "DiskNotPortable" } };
  const planted = await fetch(`${server.origin}/_diskdock/faults`, { method: "POST", body: JSON.stringify(plan) });
  assert.equal(planted.status, 200);
  await page.getByRole("button", { name: `Detach ${first}` }).click();
  await page.locator(".refusal", { hasText: "DiskNotPortable" }).waitFor();
  await page.close();
});

test("many watch one look", async () => {
  const opened = await Promise.all(Array.from({ length: 5 }, openConsole));
  await call(server, "DetachDisk", { InstanceId: instance, DiskId: second });
  await Promise.all(opened.map(({ page }) => disk(page, second, ".free", "Available").waitFor()));
  await Promise.all(opened.map(({ page }) => page.close()));
});

// The last, since the older disks are beyond what is shown then.
test("it says so when there is more than it shows", async () => {
  const { page } = await openConsole();
  const told = page.locator(".watching");
  assert.equal(await told.textContent(), "Watching live.");
  for (let made = 0; made <= 200; made += 1) await call(server, "CreateDisk", { RegionId: "cn-hangzhou", ZoneId: "cn-hangzhou-b", Size: 20, DiskCategory: "cloud_essd" });
  await told.getByText("more than is shown").waitFor();
  await page.close();
});
