// Plays one scenario in a browser: node browser.mjs SCENARIO ARGUMENTS, where the second is a file of JSON.
//
// A scenario is a module that exports `run(open, arguments)`; what it returns goes to standard output as JSON.
// `open(options)` gives a page of a fresh browser, with what it asked of the network in `page.requested`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const given = JSON.parse(readFileSync(process.argv[3], "utf8"));
const downloads = mkdtempSync(join(tmpdir(), "nisisama-browser-"));
const opened = [];

function launch(preferences) {
  if (given.browser === "firefox") {
    return puppeteer.launch({
      browser: "firefox",
      executablePath: "/usr/bin/firefox-esr",
      extraPrefsFirefox: { "browser.download.folderList": 2, "browser.download.dir": downloads, ...preferences },
    });
  }
  return puppeteer.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

async function open({ preferences = {}, width = 1280, dark = false, script = true } = {}) {
  const browser = await launch(preferences);
  opened.push(browser);
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.setViewport({ width, height: 900 });
  if (dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  if (!script) await page.setJavaScriptEnabled(false);
  page.requested = [];
  page.troubles = [];
  page.on("request", (request) => page.requested.push(`${request.method()} ${request.url()}`));
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => page.troubles.push(message.text()));
  return page;
}

try {
  const { run } = await import(`./${process.argv[2]}.mjs`);
  const told = await run(open, { ...given, downloads });
  process.stdout.write(JSON.stringify(told));
} finally {
  for (const browser of opened) await browser.close();
  rmSync(downloads, { recursive: true });
}
