// Logs in to the admin in headless Chromium, opens a page at several widths and tells how it looks.
// Arguments: the server's address, e-mail, password, the page's path, a script to run in it at each
// width, and a folder for screenshots (none without).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [server, email, password, path, script, folder] = process.argv.slice(2);
const WIDTHS = [1280, 390];
const userDataDir = mkdtempSync(join(tmpdir(), "posthog-clone-browser-"));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  timeout: 120_000,
  userDataDir,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`${server}/admin/login/?next=${path}`);
  await page.type("#id_username", email);
  await page.type("#id_password", password);
  await Promise.all([page.waitForNavigation(), page.click("button[type=submit]")]);
  const widths = {};
  for (const width of WIDTHS) {
    await page.setViewport({ width, height: 900 });
    await page.goto(server + path, { waitUntil: "networkidle0" });
    const result = await page.evaluate(script);
    await page.waitForNetworkIdle({ idleTime: 300 }); // it may have left the page
    const overflow = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    widths[width] = { overflow, result: result ?? null };
    if (folder) await page.screenshot({ path: join(folder, `${width}.png`), fullPage: true });
  }
  console.log(JSON.stringify({ address: page.url(), problems, widths }));
} finally {
  await browser.close();
  rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
}
