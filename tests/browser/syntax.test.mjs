// Code and replies with colours: the text stays what it was, and can be read in either scheme.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibilityFaults, assertNoPageErrors, openPage, startBrowser, startServer } from "./harness.mjs";

const server = await startServer();
const browser = await startBrowser();
const LANGUAGES = ["python", "java", "go", "typescript", "php", "csharp", "cli", "curl", "terraform"];

const texts = (page, kind) => page.locator(`.made pre.sample .code-${kind}`).allTextContents();

test("the code has colours in every language, and is the text that is downloaded", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/CreateDisk?RegionId=cn-hangzhou&ZoneId=cn-hangzhou-b&Size=20`);
  await page.getByRole("tab", { name: "Code" }).click();
  for (const language of LANGUAGES) {
    await page.locator("#language").selectOption(language);
    await page.locator(`.made a[href*="/${language}?"]`).first().waitFor();
    await page.locator(".made pre.sample .code-string").first().waitFor();
    const href = await page.locator(".made a[href*='/explorer/download/']").getAttribute("href");
    const downloaded = await (await fetch(new URL(href, server.origin))).text();
    assert.equal(await page.locator(".made pre.sample").textContent(), downloaded, language);
    assert.ok((await texts(page, "keyword")).length > 0, `${language} has no keywords`);
    assert.ok((await texts(page, "comment")).length > 0, `${language} has no comments`);
  }
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await accessibilityFaults(page), [], colorScheme);
  }
  assertNoPageErrors(pageErrors, "code with colours");
  await page.close();
});

test("the code keeps its colours when the form changes", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeDisks?RegionId=cn-hangzhou&language=python`);
  await page.getByRole("tab", { name: "Code" }).click();
  await page.locator("#in-DiskName").fill("it is # no comment");
  await page.locator(".made pre.sample .code-string", { hasText: "it is # no comment" }).waitFor();
  assert.ok(!(await texts(page, "comment")).some((text) => text.includes("no comment")));
  assertNoPageErrors(pageErrors, "code that changes");
  await page.close();
});

test("a reply in XML and the examples of replies have colours", async () => {
  const { page, pageErrors } = await openPage(browser);
  await page.goto(`${server.origin}/explorer/actions/DescribeRegions`);
  await page.locator("[data-format=XML]").click();
  await page.getByRole("button", { name: "Send" }).click();
  const reply = page.locator(".outcome pre");
  await reply.locator(".code-tag", { hasText: "<RegionId" }).first().waitFor();
  await reply.locator(".code-string", { hasText: "cn-hangzhou" }).first().waitFor();
  const parsed = await reply.evaluate((node) => new DOMParser().parseFromString(node.textContent, "text/xml").documentElement.nodeName);
  assert.equal(parsed, "DescribeRegionsResponse");
  assert.ok((await page.locator("pre[data-language=xml] .code-tag").count()) > 0);
  assert.ok((await page.locator("pre[data-language=json] .code-name").count()) > 0);
  assert.deepEqual(await accessibilityFaults(page), []);
  assertNoPageErrors(pageErrors, "a reply in XML");
  await page.close();
});
