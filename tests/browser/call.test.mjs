// Calls from an action's page, above all DetachDisk: search, fill in, send, watch, try again.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { accessibilityFaults, assertNoPageErrors, call, instanceWithDisks, openPage, REGION, startBrowser, startServer } from "./harness.mjs";

const server = await startServer("--pace", "800ms");
const browser = await startBrowser();
const { instance, disks: [disk] } = await instanceWithDisks(server, 1);

const statuses = (page) => page.locator(".timeline .status").allTextContents();

// The files of an archive, by an unzip that is not ours.
function unzipped(path) {
  const read = "import json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps({n: z.read(n).decode() for n in z.namelist()}))";
  return JSON.parse(execFileSync("python3", ["-c", read, path]));
}

// A new key as OpenSSH writes it: parts with their lengths before them.
function publicKey() {
  const { n, e } = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
  const part = (bytes) => Buffer.concat([Buffer.from(new Uint32Array([bytes.length]).buffer).reverse(), bytes]);
  const numbers = [e, n].map((text) => Buffer.from(text, "base64url"));
  const signed = numbers.map((bytes) => (bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes));
  return `ssh-rsa ${Buffer.concat([Buffer.from("ssh-rsa"), ...signed].map(part)).toString("base64")} test`;
}

async function chooseDisk(page) {
  await page.locator("#in-DiskId").fill("data-1");
  await page.locator("#offered").getByRole("option", { name: disk }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
}

async function sendAndAgree(page) {
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("button", { name: "Yes, DetachDisk" }).click();
}

test("DetachDisk found by search and filled by pickers ends in Available, and repeated links its error code", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer`);
  await page.locator("header").getByRole("combobox").fill("detach");
  await page.getByRole("option", { name: /^DetachDisk action/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/explorer/actions/DetachDisk");

  await chooseDisk(page);
  assert.equal(await page.locator("#in-DiskId").inputValue(), disk);
  assert.equal(await page.locator("#in-InstanceId").inputValue(), instance, "the instance that the disk is on");

  await sendAndAgree(page);
  await page.locator(".verdict.good").waitFor();
  await page.locator(".timeline .settled").waitFor();
  assert.deepEqual(await statuses(page), ["Detaching", "Available"]);

  await sendAndAgree(page);
  await page.locator(".verdict.bad").waitFor();
  const code = page.locator(".outcome a.code");
  assert.equal(await code.textContent(), "InvalidDisk.AlreadyDetached");
  assertNoPageErrors(pageErrors, "DetachDisk", 1);
  await code.click();
  await page.getByRole("heading", { name: "InvalidDisk.AlreadyDetached" }).waitFor();
  await page.close();
});

test("a destructive action is sent only after confirmation", async () => {
  const { page } = await openPage(browser);
  const sent = [];
  page.on("request", (request) => new URL(request.url()).pathname === "/" && sent.push(request.url()));
  await page.goto(`${server.origin}/explorer/actions/StopInstance?InstanceId=${instance}`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(`This takes effect at once: InstanceId ${instance}.`).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.deepEqual(sent, []);
  await page.close();
});

test("a query shows its reply as JSON and as XML", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=cn-hangzhou`);
  await page.getByRole("button", { name: "Send" }).click();
  const shown = page.locator(".outcome pre");
  await shown.waitFor();
  assert.equal(JSON.parse(await shown.textContent()).TotalCount, 2);
  await page.getByRole("button", { name: "XML" }).click();
  await page.locator(".outcome").getByText("<DescribeDisksResponse>").waitFor();
  assert.match(await shown.textContent(), /<TotalCount>2<\/TotalCount>/);
  await page.getByRole("button", { name: "JSON" }).click();
  await page.locator(".outcome pre", { hasText: '"TotalCount": 2' }).waitFor();
  assertNoPageErrors(pageErrors, "DescribeDisks");
  await page.close();
});

test("list parameters are added in the form and sent numbered", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/CreateDisk`);
  for (const [name, value] of Object.entries({
    RegionId: "cn-hangzhou", ZoneId: "cn-hangzhou-b", Size: "20", DiskCategory: "cloud_essd", "Tag.1.Key": "team", "Tag.1.Value": "a & b",
  })) await page.locator(`[id="in-${name}"]`).fill(value);
  await page.getByRole("button", { name: "Another Tag" }).click();
  await page.locator('[id="in-Tag.2.Key"]').fill("</script>\"'$(x)\\");
  await page.locator('[id="in-Tag.2.Value"]').fill("中 é 😀 +%20");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".timeline .settled").waitFor();
  const { DiskId } = JSON.parse(await page.locator(".outcome pre").textContent());
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=cn-hangzhou&DiskIds=${encodeURIComponent(JSON.stringify([DiskId]))}`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".outcome pre").waitFor();
  const reply = JSON.parse(await page.locator(".outcome pre").textContent());
  assert.deepEqual(reply.Disks.Disk[0].Tags.Tag.map(({ TagKey, TagValue }) => [TagKey, TagValue]), [
    ["team", "a & b"],
    ["</script>\"'$(x)\\", "中 é 😀 +%20"],
  ]);
  assertNoPageErrors(pageErrors, "CreateDisk");
  await page.close();
});

test("a double click on Send sends CreateDisk once, and the next click again", async () => {
  const { page } = await openPage(browser);
  await page.addInitScript(() => globalThis.sessionStorage.setItem("diskdock.region", "cn-beijing"));
  await page.goto(`${server.origin}/explorer/actions/CreateDisk`);
  assert.equal(await page.locator("#in-RegionId").inputValue(), "cn-beijing", "the region that was chosen");
  for (const [name, value] of Object.entries({ ZoneId: "cn-beijing-h", Size: "20", DiskCategory: "cloud_essd" }))
    await page.locator(`[id="in-${name}"]`).fill(value);
  const sent = [];
  page.on("request", (request) => /Action=CreateDisk|CreateDisk/.test(request.url() + (request.headers()["x-acs-action"] ?? "")) && request.method() === "POST" && new URL(request.url()).pathname === "/" && sent.push(request.url()));
  const token = await page.locator("#in-ClientToken").inputValue();
  assert.ok(token.length >= 32, `a ClientToken is filled in: ${token}`);
  let answer;
  const mayAnswer = new Promise((done) => (answer = done));
  await page.route((url) => url.pathname === "/", async (route) => {
    await mayAnswer;
    await route.continue();
  });
  const send = page.getByRole("button", { name: "Send" });
  await send.dblclick();
  await page.getByText("Sending …").waitFor();
  assert.equal(await send.isDisabled(), true);
  await page.locator("#in-Size").press("Enter");
  answer();
  await page.locator(".verdict.good").waitFor();
  assert.equal(await send.isDisabled(), false);
  assert.equal(sent.length, 1);
  assert.equal(new URL(sent[0]).searchParams.get("ClientToken"), token, "what the form shows is what is sent");
  assert.notEqual(await page.locator("#in-ClientToken").inputValue(), token, "the next call has another");
  assert.doesNotMatch(page.url(), /ClientToken/, "whoever opens the address makes a call of their own");
  await page.getByRole("tab", { name: "Code" }).click();
  await page.locator("pre.sample", { hasText: "cn-beijing-h" }).waitFor();
  assert.doesNotMatch(await page.locator("pre.sample").textContent(), new RegExp(`client_token|${token}`));
  await page.getByRole("tab", { name: "Reply" }).click();
  const first = JSON.parse(await page.locator(".outcome pre").textContent()).DiskId;
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForFunction((before) => !document.querySelector(".outcome pre")?.textContent.includes(before) && document.querySelector(".verdict.good"), first);
  assert.equal(sent.length, 2);
  await page.close();
});

test("a call without an answer can be sent again with the same ClientToken", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/CreateDisk?RegionId=cn-hangzhou&ZoneId=cn-hangzhou-b&Size=20&DiskCategory=cloud_essd`);
  const token = await page.locator("#in-ClientToken").inputValue();
  await page.route((url) => url.pathname === "/", (route) => route.abort());
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".verdict.bad", { hasText: "No answer" }).waitFor();
  assert.equal(await page.locator("#in-ClientToken").inputValue(), token);
  await page.close();
});

test("a refused call offers the calls that help, filled in", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/StartInstance?InstanceId=${instance}`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".outcome a.code", { hasText: "IncorrectInstanceStatus" }).waitFor();
  const steps = await page.locator(".outcome .next a").allTextContents();
  assert.deepEqual(steps, [`DescribeInstances ["${instance}"]`, `StopInstance ${instance}`]);
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.locator(".outcome .next a", { hasText: "DescribeInstances" }).click();
  await page.waitForURL("**/actions/DescribeInstances?**");
  assert.equal(await page.locator("#in-InstanceIds").inputValue(), `["${instance}"]`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".outcome pre", { hasText: '"Status": "Running"' }).waitFor();

  await page.goto(`${server.origin}/explorer/actions/DetachDisk?InstanceId=${instance}&DiskId=d-none`);
  await sendAndAgree(page);
  await page.locator(".outcome a.code", { hasText: "InvalidDiskId.NotFound" }).waitFor();
  await page.locator(".outcome .next a", { hasText: "DescribeDisks" }).click();
  await page.waitForURL("**/actions/DescribeDisks?RegionId=cn-hangzhou");
  assertNoPageErrors(pageErrors, "what helps", 2);
  await page.close();
});

for (const width of [390, 1440]) test(`the Send button is in sight at the end of RunInstances' form, ${width} pixels wide`, async () => {
  const { page } = await openPage(browser, { viewport: { width, height: 800 } });
  await page.goto(`${server.origin}/explorer/actions/RunInstances`);
  await page.locator("#form .row").last().scrollIntoViewIfNeeded();
  const { y, height } = await page.getByRole("button", { name: "Send" }).boundingBox();
  assert.ok(y > 0 && y + height <= 800, `at ${y}`);
  await page.close();
});

test("a form with mistakes is not sent, says which they are, and can be sent all the same", async () => {
  const { page, pageErrors } = await openPage(browser);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && new URL(request.url()).pathname === "/" && sent.push(request.url()));
  await page.goto(`${server.origin}/explorer/actions/CreateDisk?RegionId=cn-hangzhou&Size=many`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".faults", { hasText: "Size is not a whole number from 1 to" }).waitFor();
  assert.equal(await page.locator("#in-Size").getAttribute("aria-invalid"), "true");
  assert.deepEqual(sent, []);
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.locator(".faults a").click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "in-Size");
  await page.getByRole("button", { name: "Send all the same" }).click();
  await page.locator(".outcome a.code").waitFor();
  assert.equal(sent.length, 1);
  assertNoPageErrors(pageErrors, "mistakes", 1);
  await page.close();
});

test("the address carries what is filled in before anything is sent", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/RunInstances`);
  await page.locator("#in-InstanceName").fill("a & b");
  await page.locator("#in-Password").fill("Example-1234");
  await page.waitForURL(/InstanceName=a\+%26\+b/);
  assert.doesNotMatch(page.url(), /Example/);
  await page.reload();
  assert.equal(await page.locator("#in-InstanceName").inputValue(), "a & b");
  await page.close();
});

test("a long form is narrowed down to what is looked for, and to what is filled in", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/RunInstances?UserData=aGk%3D`);
  const rows = () => page.locator("#form .row:visible .name:visible").allTextContents();
  assert.equal(await page.locator("#UserData").isVisible(), true, "what is filled in is not folded away");
  await page.getByLabel("Find a parameter").fill("deletion");
  assert.deepEqual((await rows()).map((name) => name.split(" ")[0]), ["DeletionProtection"]);
  await page.getByLabel("Find a parameter").fill("");
  await page.getByLabel("only filled in").check();
  assert.deepEqual((await rows()).map((name) => name.split(" ")[0]).sort(), ["ClientToken", "RegionId", "UserData"]);
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "a narrow form");
  await page.close();
});

test("a reply links its ids, folds, is searched, and shows its list as a table", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=cn-hangzhou`);
  await page.getByRole("button", { name: "Send" }).click();
  const reply = page.locator(".outcome pre");
  const href = await reply.getByRole("link", { name: disk }).first().getAttribute("href");
  assert.match(href, new RegExp(`^/explorer/resources/disk/${disk}`));
  const whole = await reply.textContent();
  await reply.getByRole("button", { name: "Fold" }).nth(1).click();
  assert.equal(await reply.getByRole("link", { name: disk }).first().isVisible(), false);
  assert.equal(await reply.textContent(), whole);
  await reply.getByRole("button", { name: "Fold" }).nth(1).click();
  await page.getByLabel("Find in the reply").fill("diskname");
  await page.locator(".reply-bar", { hasText: "lines" }).waitFor();
  assert.equal(await reply.locator(".json-line:visible", { hasText: "DiskId" }).count(), 0);
  await page.getByRole("button", { name: "Table" }).click();
  const table = page.locator(".list-table");
  assert.equal(await table.locator("tbody tr").count(), JSON.parse(whole).TotalCount);
  await table.getByRole("link", { name: disk }).waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "a reply");
  await page.close();
});

test("a destructive action says on its page and in its question what to do first", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DetachDisk?InstanceId=i-1&DiskId=d-1`);
  await page.locator(".notice", { hasText: "Unmount the disk in the guest first" }).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("dialog", { hasText: "Unmount the disk in the guest first" }).waitFor();
  await page.close();
});

test("the dry run button changes nothing", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/StartInstance?InstanceId=${instance}`);
  await page.getByRole("button", { name: "Dry run" }).click();
  await page.locator(".outcome a.code").waitFor();
  assert.match(await page.locator(".outcome a.code").textContent(), /DryRunOperation|IncorrectInstanceStatus/);
  await page.close();
});

test("sample code follows the form, and is copied and downloaded as shown", async () => {
  const { page, context, pageErrors } = await openPage(browser);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${server.origin}/explorer/actions/DetachDisk`);
  await page.getByRole("tab", { name: "Code" }).click();
  const code = page.locator("pre.sample");
  for (const language of await page.locator("#language option").evaluateAll((all) => all.map((one) => one.value))) {
    if (language === "terraform") continue;
    await page.locator("#language").selectOption(language);
    const value = `d-${language}`;
    await page.locator("#in-DiskId").fill(value);
    await page.locator("pre.sample", { hasText: value }).waitFor();
    assert.match(await code.textContent(), new RegExp(server.address.replaceAll(".", "[.]")));
    await page.getByRole("button", { name: "Copy the code" }).click();
    await page.getByText("Copied").waitFor();
    const shown = await code.textContent();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
    const href = await page.getByRole("link", { name: "Download", exact: true }).getAttribute("href");
    const file = await fetch(server.origin + href);
    assert.match(file.headers.get("content-disposition"), /^attachment; filename="[A-Za-z_-]+[.][a-z]+"$/);
    assert.equal(await file.text(), shown);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the project" }).click()]);
    assert.equal(download.suggestedFilename(), `detach-disk-${language}.zip`);
    const files = unzipped(await download.path());
    assert.ok(Object.values(files).includes(shown), `the code is in ${Object.keys(files)}`);
    const how = await page.locator("pre.how").textContent();
    assert.ok(files[`detach-disk-${language}/README.md`].includes(how.trim()), language);
  }
  await page.locator("#target").selectOption("cloud");
  await page.locator("pre.sample", { hasText: "ecs.cn-hangzhou.aliyuncs.com" }).waitFor();
  await page.locator("#language").selectOption("terraform");
  await page.getByText("Terraform detaches a disk when").waitFor();
  assertNoPageErrors(pageErrors, "code");
  await page.close();
});

test("a chosen key signs later calls of this tab only", async () => {
  const { page, context } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeRegions`);
  await page.getByRole("button", { name: /testid/ }).click();
  await page.getByLabel("AccessKey id").fill("nobody");
  await page.getByLabel("AccessKey secret").fill("wrong");
  await page.getByRole("button", { name: "Use this key" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".outcome a.code", { hasText: "InvalidAccessKeyId.NotFound" }).waitFor();
  const other = await context.newPage();
  await other.goto(`${server.origin}/explorer`);
  await other.getByRole("button", { name: /^testid/ }).waitFor();
  await context.close();
});

test("a field that only narrows a list offers what there is, beyond the first page of it", async () => {
  const PublicKeyBody = publicKey();
  for (let number = 0; number < 52; number++) await call(server, "ImportKeyPair", { RegionId: REGION, KeyPairName: `pair-${number}`, PublicKeyBody });
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeInstances?RegionId=${REGION}`);
  if (!(await page.locator("#in-KeyPairName").isVisible())) await page.locator(".more-rows summary").click();
  for (const name of ["pair-0", "pair-51"]) {
    // Without its first letter: the only one that is left, once it is in the field, is offered no more.
    await page.locator("#in-KeyPairName").fill(name.slice(1));
    await page.locator("#offered").getByRole("option", { name }).first().waitFor();
  }
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#in-KeyPairName").inputValue(), "pair-51");
  assertNoPageErrors(pageErrors, "a field that offers key pairs");
  await page.close();
});
