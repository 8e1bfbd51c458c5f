// What the drivers have in common. Each line they write is JSON: what they did, or what failed.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

export const write = (line) => process.stdout.write(JSON.stringify(line) + '\n');
export const check = (holds, what) => write(holds ? { did: what } : { failed: 'not so: ' + what });

// launch starts a browser that asks nobody on the network for anything.
export const launch = (executablePath) =>
  chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--no-first-run'] });

// open opens a page and notes whatever its content security policy or console complains of, and
// what it loads from elsewhere than some origins.
export async function open(browser, origins, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type()) && !/status of 4\d\d/.test(m.text())) page.complaints.push(m.text()); });
  page.on('pageerror', (e) => page.complaints.push(String(e)));
  page.on('dialog', (d) => { page.complaints.push('a dialog: ' + d.message()); d.dismiss(); });
  page.on('request', (r) => { if (!origins.some((o) => r.url().startsWith(o))) page.complaints.push('loads ' + r.url()); });
  await page.goto(url);
  return page;
}

// faults are what the checker of accessibility finds, after something was run in the page.
export async function faults(page, first = '', options = {}) {
  const there = await page.evaluate(() => typeof axe !== 'undefined');
  return (await page.evaluate(`${there ? '' : axe};${first};axe.run(${JSON.stringify(options)})`)).violations;
}

const named = (found) => found.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' ')).join('; ');

export async function accessible(page, what) {
  const found = await faults(page);
  check(found.length === 0, `${what} is accessible ` + named(found));
}

// contrasts looks at the colours alone, of a page that is looked at whole in other ones.
export async function contrasts(page, what) {
  const found = await faults(page, '', { runOnly: ['color-contrast', 'link-in-text-block'] });
  check(found.length === 0, `${what} is legible ` + named(found));
}

export async function quiet(page, what) {
  check(page.complaints.length === 0, `${what} keeps to its policy and loads nothing else ` + page.complaints.join('; '));
  check((await page.context().cookies()).length === 0, `${what} sets no cookie`);
  await page.context().close();
}

// all does one step after the other, and ends.
export async function all(browser, steps) {
  for (const step of steps) {
    try {
      await step();
    } catch (e) {
      write({ failed: String(e) });
    }
  }
  await browser.close();
}
