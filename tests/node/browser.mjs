// Opens a page in headless Chromium, waits until it says it is done, and tells what happened.
// Arguments: the page's address, and the script to run in it once it has loaded.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [address, script] = process.argv.slice(2);
const userDataDir = mkdtempSync(join(tmpdir(), "posthog-clone-browser-"));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  timeout: 120_000,
  userDataDir,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const requests = [];
const refusals = [];
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  page.on("response", (response) => {
    requests.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
  });
  page.on("requestfailed", (request) => {
    refusals.push(`${request.failure().errorText} ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForFunction("window.ready === true", { timeout: 120_000 });
  const result = await page.evaluate(script);
  await page.waitForNetworkIdle({ idleTime: 1_000, timeout: 120_000 });
  await page.goto("about:blank"); // leaving the page sends what still waits
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log(JSON.stringify({ result: result ?? null, requests, refusals }));
} finally {
  await browser.close();
  rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
}
