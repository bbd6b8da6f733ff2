// The page of the operator's controls: each form does what its command line says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoPageErrors, control, instanceWithDisks, openPage, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();
const { instance, disks: [disk] } = await instanceWithDisks(server, 1);

async function openControls() {
  const opened = await openPage(browser);
  await opened.page.goto(`${server.origin}/explorer/controls`);
  await opened.page.locator("#keys .now", { hasText: "testid" }).waitFor();
  return opened;
}

const now = (page, id, text) => page.locator(`#${id} .now`, { hasText: text }).waitFor();
const press = (page, id, name) => page.locator(`#${id}`).getByRole("button", { name, exact: true }).click();
const read = (path) => control(server, path, undefined, "GET");

test("the forms of pace and clock set them and show the present value", async () => {
  const { page, pageErrors } = await openControls();
  await page.getByLabel("Pace", { exact: true }).fill("700ms");
  assert.equal(await page.locator("#pace .command code").textContent(), "diskdock admin pace 700ms");
  await press(page, "pace", "Set");
  await now(page, "pace", "700ms");
  assert.equal((await read("pace")).pace, "700ms");
  await press(page, "clock", "Hold");
  await now(page, "clock", "held");
  const before = (await read("clock")).now_ms;
  await page.getByLabel("By", { exact: true }).fill("10m");
  await press(page, "clock", "Advance");
  await page.locator(".refusal", { hasText: "Advance: done" }).waitFor();
  assert.equal((await read("clock")).now_ms - before, 600_000);
  await press(page, "clock", "Release");
  assert.equal(await page.locator("#clock .command code").first().textContent(), "diskdock admin clock release");
  await page.locator(".refusal", { hasText: "Release: done" }).waitFor();
  assert.equal((await read("clock")).held, false);
  await control(server, "pace", { pace: "fast" }, "PUT");
  assertNoPageErrors(pageErrors, "pace and clock");
  await page.close();
});

test("worlds are made, used and deleted, and the controls are those of the world that the key leads to", async () => {
  const { page, pageErrors } = await openControls();
  const worlds = page.locator("#worlds");
  await now(page, "worlds", "None but the main one");
  await worlds.getByLabel("Name").fill("try-1");
  await worlds.getByLabel("Copy of").fill("main");
  const command = worlds.locator(".command code");
  assert.equal(await command.first().textContent(), "diskdock world fork try-1");
  await press(page, "worlds", "Make the world");
  await page.locator(".refusal", { hasText: "World try-1: key" }).waitFor();
  await now(page, "worlds", "try-1, a copy of main");
  await worlds.getByLabel("World", { exact: true }).fill("try-1");
  await press(page, "worlds", "Use its key here");
  await page.locator(".of-world", { hasText: "the world try-1" }).waitFor();
  await page.locator("header .key", { hasText: "world try-1" }).waitFor();
  await page.getByLabel("Pace", { exact: true }).fill("900ms");
  await page.locator("#pace .command code", { hasText: "diskdock admin --world try-1 pace 900ms" }).waitFor();
  await press(page, "pace", "Set");
  await now(page, "pace", "900ms");
  assert.equal((await read("worlds/try-1/pace")).pace, "900ms");
  assert.notEqual((await read("pace")).pace, "900ms");
  // The page of a resource follows the key too, and the console says what it shows.
  await page.goto(`${server.origin}/explorer/console`);
  await page.locator(".of-world", { hasText: "the world try-1" }).waitFor();
  await page.goto(`${server.origin}/explorer/controls`);
  await now(page, "worlds", "try-1");
  await page.locator("#worlds").getByLabel("World", { exact: true }).fill("try-1");
  await press(page, "worlds", "Delete");
  await page.getByRole("button", { name: "Yes, Delete" }).click();
  await now(page, "worlds", "None but the main one");
  assertNoPageErrors(pageErrors, "worlds");
  await page.close();
});

test("a key that the server does not have is said beside it, with what to do", async () => {
  const { page } = await openControls();
  await page.locator("header .key button").first().click();
  await page.getByLabel("AccessKey id").fill("nobody");
  await page.getByRole("button", { name: "Use this key" }).click();
  await page.locator("header .fault", { hasText: "nobody: InvalidAccessKeyId.NotFound" }).waitFor();
  await page.close();
});

test("the forms of rules and faults show their command, add and clear", async () => {
  const { page, pageErrors } = await openControls();
  const rules = page.locator("#rules");
  await rules.getByLabel("Transition").selectOption("detach");
  await rules.getByLabel("Disk").fill(disk);
  await rules.getByLabel("Times").fill("2");
  await rules.getByLabel("Behaviour").selectOption("take");
  await rules.getByLabel("Duration").fill("3s");
  const added = rules.locator(".command code").first();
  assert.equal(await added.textContent(), `diskdock admin rules add --transition detach --disk ${disk} --times 2 --do take=3s`);
  await press(page, "rules", "Add the rule");
  await now(page, "rules", "milliseconds 3000");
  assert.deepEqual((await read("rules")).rules, [{ transition: "detach", disk, times: 2, behaviour: { do: "take", milliseconds: 3000 } }]);
  await press(page, "rules", "Clear all rules");
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await read("rules")).rules.length, 1);
  await press(page, "rules", "Clear all rules");
  await page.getByRole("button", { name: "Yes, Clear all rules" }).click();
  await now(page, "rules", "None: all transitions");

  const faults = page.locator("#faults");
  await faults.getByLabel("Action").fill("DetachDisk");
  await faults.getByLabel("Code", { exact: true }).fill("IncorrectDiskStatus");
  await press(page, "faults", "Add the fault");
  await now(page, "faults", "IncorrectDiskStatus");
  assert.equal((await read("faults")).faults[0].action, "DetachDisk");
  await press(page, "faults", "Clear all faults");
  await page.getByRole("button", { name: "Yes, Clear all faults" }).click();
  await now(page, "faults", "None: every call");
  assertNoPageErrors(pageErrors, "rules and faults");
  await page.close();
});

test("the forms of locks, keys and import work, and an error shows its hint", async () => {
  const { page } = await openControls();
  const locks = page.locator("#locks");
  await locks.getByLabel("Instance").fill(instance);
  await locks.getByLabel("Reason").selectOption("security");
  await press(page, "locks", "Lock");
  await page.locator(".refusal", { hasText: "Lock: done" }).waitFor();
  await now(page, "locks", `${instance}: security`);
  await press(page, "locks", "Unlock");
  await page.getByRole("button", { name: "Yes, Unlock" }).click();
  await page.locator(".refusal", { hasText: "Unlock: done" }).waitFor();
  await now(page, "locks", "No instance is locked.");
  await page.locator("#lost").getByLabel("Instance").fill(instance);
  await press(page, "lost", "Lose");
  await now(page, "lost", `${instance}: cannot be reached`);
  await press(page, "lost", "Find again");
  await now(page, "lost", "can be reached");
  await locks.getByLabel("Instance").fill("i-nothing");
  await press(page, "locks", "Lock");
  await page.locator(".refusal", { hasText: "there is no instance i-nothing" }).waitFor();

  await page.getByLabel("Account").fill("another");
  await press(page, "keys", "Create a key");
  await page.locator(".refusal", { hasText: "secret" }).waitFor();
  await now(page, "keys", "of account another");
  const { keys } = await read("keys");
  await page.locator("#keys").getByLabel("Key", { exact: true }).fill(keys.find(({ account }) => account === "another").id);
  await press(page, "keys", "Disable");
  await page.locator("dialog", { hasText: "refused until it is enabled" }).waitFor();
  await page.getByRole("button", { name: "Yes, Disable" }).click();
  await page.locator(".refusal", { hasText: "Disable: done" }).waitFor();

  const exported = await read("state");
  const file = { name: "state.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(exported)) };
  await page.locator("#state input[type=file]").setInputFiles(file);
  await press(page, "state", "Import");
  await page.getByRole("button", { name: "Yes, Import" }).click();
  await page.locator(".refusal", { hasText: "Import: done" }).waitFor();
  await page.close();
});

test("reset asks first and changes nothing when it is cancelled, and an export is downloaded", async () => {
  const { page } = await openControls();
  await press(page, "state", "Forget everything");
  await page.getByRole("button", { name: "Cancel" }).click();
  const { instances } = await read("state");
  assert.equal(instances.length, 1);
  const download = page.waitForEvent("download");
  await press(page, "state", "Export");
  assert.equal((await download).suggestedFilename(), "state.json");
  await page.close();
});
