import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { TestService } from "../support/service.ts";
import { launch, type Scene } from "./browser.ts";

export const PHONE = { viewport: { width: 390, height: 844 }, locale: "id-ID" } as const;
const AXE = createRequire(import.meta.url).resolve("axe-core");
/** A folder for a picture of every screen; none are kept where it is not set. */
const { SCREENSHOTS } = process.env;
/** Networks in software, on a machine that does other things too. */
const PATIENCE_MS = 60_000;

let users = 0;

/** Starts a verification of a new user with a link. */
export async function link(service: TestService, capture: object = {}, more: object = {}) {
  const user = `web-${users++}`;
  const body = { user_id: user, capture, ...more };
  const answer = await (await service.client(user)).post("/verify/start", body);
  assert.equal(answer.status, 200);
  return { user, url: answer.body.capture_url as string, id: answer.body.verification_id as string };
}

/** A page before a link, that fails the test where anything is fetched from elsewhere or breaks the policy. */
export async function visit(
  t: TestContext,
  service: TestService,
  scene: Scene,
  url: string,
  options: BrowserContextOptions = PHONE,
): Promise<Page> {
  const browser = await launch(t, scene);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const wrong: string[] = [];
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== service.url) wrong.push(`fetched ${request.url()}`);
    if (/capture\.|[?&](code|token)=/.test(new URL(request.url()).search))
      wrong.push("a token in an address");
  });
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  t.after(() => assert.deepEqual(wrong, []));
  await page.goto(url);
  return page;
}

export const agree = (page: Page) => page.getByRole("button", { name: "Saya setuju" }).click();
export const choose = (page: Page, picture: Uint8Array) =>
  page
    .locator("input[type=file]")
    .setInputFiles({ name: "foto.jpg", mimeType: "image/jpeg", buffer: Buffer.from(picture) });
export const confirm = (page: Page) => page.getByRole("button", { name: "Ya, lanjutkan" }).click();

/** How the verification ended, as the page tells it. */
export async function result(page: Page): Promise<string | null> {
  await page.locator("[data-status]").waitFor();
  return page.locator("[data-status]").getAttribute("data-status");
}

/** Presses Tab until a button has the focus, then Enter. */
export async function pressByKeyboard(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name }).and(page.locator(":enabled")).waitFor();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    await assertFocusSeen(page);
    const focused = await page.evaluate("document.activeElement?.textContent ?? ''");
    if (focused === name) return page.keyboard.press("Enter");
  }
  assert.fail(`no way to "${name}" by Tab`);
}

/** Whoever goes by keyboard sees where they are: an outline, and nothing of it off the screen or under something else. */
export async function assertFocusSeen(page: Page): Promise<void> {
  const wrong = await page.evaluate(FOCUS);
  assert.equal(wrong, null);
}
const FOCUS = `(() => {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(focused);
  const { left, top, right, bottom } = focused.getBoundingClientRect();
  const name = focused.tagName + " " + focused.textContent.slice(0, 40);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return name + " shows no focus";
  if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) return name + " is off the screen";
  const at = document.elementFromPoint((left + right) / 2, Math.min((top + bottom) / 2, innerHeight - 1));
  return at === null || focused.contains(at) || at.contains(focused) ? null : name + " is covered";
})()`;

/** What is to be pressed and is smaller than 24 pixels either way, but for links within a sentence (WCAG 2.2, 2.5.8). */
const SMALL = `[...document.querySelectorAll("button, a[href], input:not([type=file]), select, textarea, summary")]
  .map((element) => (element.closest("label") ?? element))
  .filter((element) => element.checkVisibility() && getComputedStyle(element).display !== "inline")
  .filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width < 24 || height < 24;
  })
  .map((element) => element.tagName + " " + element.textContent.slice(0, 30))`;

/** axe finds nothing. The page's policy lets no foreign script in: axe comes by the debugging protocol. */
async function assertAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const violations = await page.evaluate(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the browser's, not ours
    "axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => `${id}: ${help} ${nodes[0].html}`))",
  );
  assert.deepEqual(violations, [], name);
}

/** What of a page reaches beyond the screen's right edge: tags, classes and the beginning of the text. */
const BEYOND = `[...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.tagName + "." + element.className + " " + element.textContent.slice(0, 30))`;

/** axe finds nothing and nothing is cut off; keeps a picture of the screen where SCREENSHOTS names a folder. */
export async function look(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS !== undefined) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }
  await assertAccessible(page, name);
  assert.deepEqual(await page.evaluate(SMALL), [], `${name}: too small to be pressed`);
  assert.equal(
    await page.evaluate("document.documentElement.lang"),
    (await page.locator("button[lang=en]").count()) > 0 ? "id" : "en",
  );
  const over = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
  if (over > 0)
    assert.fail(
      `${name} is ${over} pixels wider than the screen: ${JSON.stringify(await page.evaluate(BEYOND))}`,
    );
}

/** As {@link look}, in Bahasa Indonesia and light, then in English and dark. */
export async function lookBothWays(page: Page, name: string): Promise<void> {
  await look(page, `${name}-390-light-id-ID`);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "English" }).click();
  await look(page, `${name}-390-dark-en-GB`);
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
}
