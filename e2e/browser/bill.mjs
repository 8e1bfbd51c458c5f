// Looks at the pages of reports as people do: on a desk and on a phone, in light and dark, and
// on paper. Screenshots and PDFs go into a directory.
import { statSync } from 'node:fs';
import { accessible, all, check, contrasts, faults, launch, open as opened, quiet } from './look.mjs';

const [executablePath, admin, into, hostile, ...pages] = process.argv.slice(2); // pages: a name, a URL and what is said large, each
const browser = await launch(executablePath);
const open = (url, options) => opened(browser, [admin], url, options);
const sizes = { desk: { width: 1200, height: 900 }, phone: { width: 390, height: 844 } };

// The checker must look at all.
async function checkerLooks() {
  const page = await open(pages[1]);
  const found = await faults(page, 'document.body.append(document.createElement("img"))');
  check(found.some((v) => v.id === 'image-alt'), 'the checker finds a planted fault');
  await page.context().close();
}

async function look(name, url, large, size, colorScheme) {
  const what = `${name}, ${size}, ${colorScheme},`;
  const page = await open(url, { viewport: sizes[size], colorScheme });
  const looksAt = colorScheme === 'dark' ? contrasts : accessible; // all but the colours is as in light
  await looksAt(page, what);
  check((await page.locator('.large dd').allInnerTexts()).join(' | ') === large, `${what} says ${large}: ` + (await page.locator('.large dd').allInnerTexts()).join(' | '));
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} doesn’t scroll to the side`);
  check((await page.locator('script, img, link, iframe, b').count()) === 0, `${what} has no markup but its own`);
  check((await page.evaluate(() => document.body.innerText)).includes(hostile) === /bill/.test(name), `${what} writes names as they are`);
  // Every column stands within its chart, and no label covers another.
  const crooked = await page.evaluate(() => {
    const faults = [];
    for (const svg of document.querySelectorAll('svg.columns')) {
      const all = svg.getBoundingClientRect();
      for (const bar of svg.querySelectorAll('rect')) {
        const r = bar.getBoundingClientRect();
        if (r.left < all.left - 1 || r.right > all.right + 1 || r.top < all.top || r.bottom > all.top + 213) faults.push('a bar stands outside');
      }
      const labels = [...svg.querySelectorAll('text')].map((t) => t.getBoundingClientRect());
      labels.forEach((r, i) => {
        if (i > 0 && r.left < labels[i - 1].right) faults.push('labels overlap');
        if (r.right > innerWidth) faults.push('a label is cut off');
      });
      for (const t of svg.previousElementSibling.querySelectorAll('text')) if (t.getBoundingClientRect().left < 0) faults.push('a label of the axis is cut off');
    }
    for (const cell of document.querySelectorAll('.bars th, .bars td, dd, h1, h2, h3')) if (cell.scrollWidth > cell.clientWidth + 1 && getComputedStyle(cell).display !== 'none') faults.push('cut off: ' + cell.innerText);
    return faults;
  });
  check(crooked.length === 0, `${what} stands straight ` + crooked.join('; '));
  await page.screenshot({ path: `${into}/${name}-${size}-${colorScheme}.png`, fullPage: true });
  for (const summary of await page.locator('summary').all()) {
    await summary.focus();
    await page.keyboard.press('Enter');
  }
  if (await page.locator('details').count()) {
    check((await page.locator('details[open]').count()) === (await page.locator('details').count()), `${what} opens its figures by keyboard`);
    await looksAt(page, `${what} with its figures`);
  }
  await quiet(page, what);
}

async function print(name, url) {
  const page = await open(url, { viewport: sizes.desk, colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].join(' on '));
  check(colours === 'rgb(255, 255, 255) on rgb(0, 0, 0)', `${name} prints black on white, also from a dark screen: ${colours}`);
  check(!(await page.locator('details').first().isVisible().catch(() => false)), `${name} prints nothing that is folded`);
  const path = `${into}/${name}.pdf`;
  await page.pdf({ path, preferCSSPageSize: true });
  check(statSync(path).size > 10_000, `${name} prints`);
  await quiet(page, name + ' on paper');
}

const steps = [checkerLooks];
for (let i = 0; i < pages.length; i += 3) {
  for (const size of Object.keys(sizes)) for (const scheme of ['light', 'dark']) steps.push(() => look(pages[i], pages[i + 1], pages[i + 2], size, scheme));
  steps.push(() => print(pages[i], pages[i + 1]));
}
await all(browser, steps);
