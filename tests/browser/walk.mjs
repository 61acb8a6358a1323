// Goes through the page as a person does. Each step is an object whose first name says what is done:
//   goto: address · until: the page is at this address · back: to this address
//   click: text · choose: files, until: lines that say what became of them · type: words · press: keys
//   wait: text · tell: name of what is seen and stored · axe: name of what it finds, in each of `views` · evaluate: script, as: name
//   saved: name of a file that the page gave · shot: file for a picture of the whole page
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

export async function run(open, { page: address, steps, downloads, ...options }) {
  const page = await open(options);
  const told = {};
  if (options.browser !== "firefox") {
    const client = await page.createCDPSession();
    await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
  }
  await page.goto(address);
  for (const step of steps) await take(page, step, told, downloads);
  return { ...told, requested: page.requested, troubles: page.troubles, address: await page.evaluate(() => location.href).catch(() => page.url()) };
}

async function take(page, step, told, downloads) {
  const [[what, value]] = Object.entries(step);
  if (what === "click") await click(page, value);
  else if (what === "choose") await choose(page, value, step.until);
  else if (what === "type") await page.type("#words", value);
  else if (what === "press") for (const key of value) await page.keyboard.press(key);
  else if (what === "wait") await waitFor(page, value);
  else if (what === "tell") told[value] = await page.evaluate(tellAll);
  else if (what === "axe") told[value] = await inViews(page, step.views);
  else if (what === "back") await goBack(page, value);
  else if (what === "goto") await page.goto(value);
  else if (what === "until") await page.waitForFunction((address) => location.href === address, {}, value);
  else if (what === "shot") await page.screenshot({ path: value, fullPage: true });
  else if (what === "evaluate") told[step.as] = await page.evaluate(value);
  else if (what === "saved") told[value] = await saved(downloads, value);
  else throw new Error(`no such step: ${what}`);
}

/** As the browser's own button does; puppeteer waits in vain for Firefox. */
async function goBack(page, address) {
  await page.evaluate(() => { setTimeout(() => history.back()); });
  await page.waitForFunction((wanted) => location.href === wanted, { timeout: 5000 }, address);
}

async function click(page, text) {
  const found = await page.waitForFunction((wanted) => {
    const all = document.querySelectorAll("#stage button, #stage a, #stage label, nav a");
    return Array.from(all).find((each) => each.textContent.trim() === wanted && each.checkVisibility());
  }, {}, text);
  await found.asElement().click();
}

async function choose(page, files, until) {
  const input = await page.waitForSelector("#file");
  await input.uploadFile(...files);
  await page.waitForFunction((count) => document.querySelectorAll(".told li").length >= count
    && !document.querySelector("#step .status")?.textContent, {}, until);
}

function waitFor(page, text) {
  return page.waitForFunction((wanted) => document.getElementById("stage").innerText.includes(wanted), {}, text);
}

async function tellAll() {
  const stores = await (indexedDB.databases?.() ?? []);
  const caches_ = globalThis.caches ? await caches.keys().catch(() => []) : [];
  return {
    text: document.getElementById("stage").innerText,
    html: document.documentElement.outerHTML,
    area: document.querySelector("textarea")?.value ?? null,
    stored: [localStorage.length, sessionStorage.length, stores.length, caches_.length, document.cookie],
    fields: Array.from(document.querySelectorAll("input, textarea"), (each) => each.value).join("\n"),
  };
}

async function inViews(page, views) {
  await page.evaluate(AXE);
  const told = [];
  for (const [width, scheme] of views) {
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    told.push(await violations(page));
  }
  return told;
}

async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run());
  const broken = found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`);
  return { passes: found.passes.length, broken };
}

async function saved(downloads, name) {
  const file = join(downloads, name);
  for (let size = -1; !existsSync(file) || statSync(file).size !== size;) {
    size = existsSync(file) ? statSync(file).size : -1;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  return readFileSync(file).toString("base64");
}
