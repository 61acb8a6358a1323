// Checks bundles on the verifier's page as a person does: {told, requested, troubles}.
//
// Each of `visits` has `file` (a path), and may have `pin`, `roots` (typed), `pem` (paths), `drop`, `language`, `shots` (by
// name: [width, black and white]), `axe` (widths) and `evaluate` (a script). Each tells what the page shows in the end, and
// how many milliseconds passed from the press of the button.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/** A large bundle on a busy machine. */
const LONGEST_MS = 120_000;

export async function run(open, { page: address, visits }) {
  const page = await open({});
  page.setDefaultTimeout(30_000);
  const told = [];
  for (const visit of visits) told.push(await take(page, address, visit));
  return { told, requested: page.requested, troubles: page.troubles };
}

async function take(page, address, visit) {
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(address);
  await page.click(`nav a[lang="${visit.language ?? "en"}"]`);
  await choose(page, visit);
  if (visit.pin) await page.type("#seal", visit.pin);
  if (visit.roots || visit.key) await page.click("details.step > summary");
  if (visit.roots) await page.type("#roots", visit.roots);
  if (visit.key) await page.type("#key", visit.key);
  const begun = Date.now();
  await page.click("#check");
  if (visit.stop) await page.waitForSelector("[aria-invalid=true]");
  else await page.waitForSelector("#result h3:last-of-type ~ *", { timeout: LONGEST_MS });
  const ms = Date.now() - begun;
  const seen = visit.evaluate ? await page.evaluate(visit.evaluate) : null;
  const axe = await inWidths(page, visit.axe ?? []);
  for (const [file, [width, isGrey]] of Object.entries(visit.shots ?? {})) await shot(page, file, width, isGrey);
  return { ...(await page.evaluate(tell)), axe, seen, ms };
}

async function choose(page, { file, pem = [], drop = false }) {
  if (drop) return dropped(page, [file, ...pem]);
  await (await page.waitForSelector("#file")).uploadFile(file);
  if (pem.length) await (await page.waitForSelector("#pem")).uploadFile(...pem);
  return page.waitForSelector("#check:not([disabled])");
}

/** As a browser drops files: no driver moves one from a desktop. */
async function dropped(page, files) {
  const given = files.map((file) => [basename(file), readFileSync(file).toString("base64")]);
  await page.evaluate((those) => {
    const dataTransfer = new DataTransfer();
    for (const [name, data] of those) dataTransfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
    dispatchEvent(new DragEvent("drop", { dataTransfer }));
  }, given);
  await page.waitForSelector("#check:not([disabled])");
}

function tell() {
  const textOf = (selector) => Array.from(document.querySelectorAll(selector), (each) => each.innerText);
  return {
    verdict: document.querySelector(".verdict strong")?.innerText ?? null,
    answers: textOf(".answer .line"),
    failed: textOf(".trouble.no .id"),
    open: textOf(".trouble.open .id"),
    exhibits: document.querySelectorAll(".exhibit").length,
    text: document.body.innerText,
  };
}

async function inWidths(page, widths) {
  if (!widths.length) return [];
  await page.evaluate(AXE);
  const told = [];
  for (const width of widths) {
    await page.setViewport({ width, height: 900 });
    const found = await page.evaluate(() => globalThis.axe.run());
    told.push({ passes: found.passes.length, broken: found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`) });
  }
  return told;
}

async function shot(page, path, width, isGrey) {
  await page.setViewport({ width, height: 900 });
  await page.evaluate((grey) => { document.documentElement.style.filter = grey ? "grayscale(1)" : ""; }, isGrey);
  await page.screenshot({ path, fullPage: true });
}
