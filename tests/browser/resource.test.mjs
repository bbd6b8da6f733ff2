// The page of one resource: what it is, live, and what happened to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, assertNoPageErrors, call, clearRules, control, hold, instanceWithDisks, openPage, REGION, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();
const { instance, disks: [disk] } = await instanceWithDisks(server, 1);
const { SnapshotId: snapshot } = await call(server, "CreateSnapshot", { DiskId: disk, SnapshotName: "first" }, { wait: true });

async function openResource(noun, id) {
  const opened = await openPage(browser);
  await opened.page.goto(`${server.origin}/explorer/resources/${noun}/${id}`);
  await opened.page.locator("#now .json").waitFor();
  return opened;
}

test("a disk's page follows it and lists its calls and operations", async () => {
  const { page, pageErrors } = await openResource("disk", disk);
  await page.locator(".what-it-is", { hasText: "In_use" }).waitFor();
  assert.equal(JSON.parse(await page.locator("#now .json").textContent()).DiskId, disk);
  for (const action of ["CreateDisk", "AttachDisk", "CreateSnapshot"]) await page.locator("#calls tbody", { hasText: action }).waitFor();
  await hold(server, "detach");
  await call(server, "DetachDisk", { InstanceId: instance, DiskId: disk });
  await page.locator("#operations tbody", { hasText: "disk.detach" }).waitFor();
  await page.locator("#changes li", { hasText: "Detaching" }).waitFor();
  await control(server, "transitions/finish", { disk });
  await clearRules(server);
  await page.locator(".what-it-is", { hasText: "Available" }).waitFor();
  await page.locator("#operations .quiet").waitFor();
  const ended = page.locator("#ended tbody tr", { hasText: "disk.detach" });
  await ended.waitFor();
  assert.equal(await ended.locator("[data-column=Result]").textContent(), "done");
  assert.match(await ended.locator("[data-column=Took]").textContent(), /^\d+ s$/);
  await page.locator("#ended tbody", { hasText: "snapshot.create" }).waitFor();
  await page.locator("#events tbody tr", { hasText: "disk.detach" }).first().waitFor();
  await call(server, "AttachDisk", { InstanceId: instance, DiskId: disk }, { wait: true });
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "a disk's page");
  await page.close();
});

test("a history without entries says so", async () => {
  const { page, pageErrors } = await openResource("snapshot", snapshot);
  await page.locator("#ended tbody", { hasText: "snapshot.create" }).waitFor();
  await page.locator("#operations .quiet", { hasText: "None is under way." }).waitFor();
  assertNoPageErrors(pageErrors, "a short history");
  await page.close();
});

test("ids lead from a snapshot to its disk and from there to the instance", async () => {
  const { page, pageErrors } = await openResource("snapshot", snapshot);
  await page.locator("#now .json").getByRole("link", { name: disk }).click();
  await page.waitForURL(`**/resources/disk/${disk}**`);
  await page.locator("#now .json").getByRole("link", { name: instance }).first().click();
  await page.waitForURL(`**/resources/instance/${instance}**`);
  await page.locator(".what-it-is", { hasText: "Running" }).waitFor();
  await page.locator("#calls tbody", { hasText: "RunInstances" }).waitFor();
  assertNoPageErrors(pageErrors, "links on ids");
  await page.close();
});

test("an action on a resource's page has it filled in", async () => {
  const { page } = await openResource("disk", disk);
  await page.locator("#uses").getByRole("link", { name: "ResizeDisk", exact: true }).click();
  await page.waitForURL("**/actions/ResizeDisk?DiskId=**");
  assert.equal(await page.locator("#in-DiskId").inputValue(), disk);
  await page.close();
});

test("a resource that is gone is said to be, with its last calls", async () => {
  const { DiskId } = await call(server, "CreateDisk", { RegionId: REGION, ZoneId: "cn-hangzhou-b", Size: 20, DiskCategory: "cloud_essd" }, { wait: true });
  const { page, pageErrors } = await openResource("disk", DiskId);
  await call(server, "DeleteDisk", { DiskId });
  await page.locator(".what-it-is", { hasText: `There is no disk ${DiskId}` }).waitFor();
  await page.locator("#calls tbody", { hasText: "DeleteDisk" }).waitFor();
  assertNoPageErrors(pageErrors, "a disk that is gone");
  await page.close();
});

test("a server that is gone is announced on a resource's page", async () => {
  const other = await startServer();
  const { DiskId } = await call(other, "CreateDisk", { RegionId: REGION, ZoneId: "cn-hangzhou-b", Size: 20, DiskCategory: "cloud_essd" }, { wait: true });
  const { page } = await openPage(browser);
  await page.goto(`${other.origin}/explorer/resources/disk/${DiskId}`);
  await page.locator("#now .json").waitFor();
  other.stop();
  await page.locator(".watching.gone", { hasText: "gone since" }).waitFor();
  await page.close();
});
