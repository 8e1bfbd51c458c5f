// Does with the form what people do. Each line it writes is JSON: what it did, what
// failed, or that the clock is to move on, which a line on its input says it has.
import { createInterface } from 'node:readline';
import { accessible, all, check, faults, launch, open as opened, quiet, write } from './look.mjs';

const [executablePath, gateway, host, inPage, plain] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const later = async () => { write({ wait: 'a while' }); await answers.next(); };
const browser = await launch(executablePath);
const open = (url, options) => opened(browser, [gateway, host], url, options);

// The checker must look at all: an image without a text is a fault, and inside of a
// shadow root too.
async function checkerLooks() {
  const page = await open(host + '/sale');
  await page.locator('#agreed').waitFor();
  const found = await faults(page, `document.querySelector('#here > div').shadowRoot.append(document.createElement('img'))`);
  check(found.some((v) => v.id === 'image-alt'), 'the checker finds a planted fault');
  await page.context().close();
}

async function widget(colorScheme) {
  const page = await open(host + '/sale?utm=1', { colorScheme });
  const agreed = page.locator('#agreed');
  await agreed.waitFor();
  check(!(await agreed.isChecked()), 'the widget: the box is empty');
  check(await page.locator('#number').isVisible(), 'the widget: styles of the page don’t reach the form');
  await accessible(page, `the widget, ${colorScheme},`);
  if (colorScheme === 'dark') return quiet(page, 'the widget');

  await later();
  // By keyboard alone. What is wrong is announced, and where to mend it is in focus.
  const focused = () => page.evaluate(() => document.querySelector('#here > div').shadowRoot.activeElement?.id);
  await page.locator('#number').focus();
  await page.keyboard.type('0151');
  await page.keyboard.press('Enter');
  const wrong = page.getByRole('alert');
  await wrong.filter({ hasText: 'country code' }).waitFor();
  check((await focused()) === 'number' && (await page.locator('#number').getAttribute('aria-invalid')) === 'true', 'the widget: a wrong number is announced and in focus');
  await accessible(page, 'the widget with an error');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(inPage);
  await page.keyboard.press('Enter');
  await wrong.filter({ hasText: 'Tick the box' }).waitFor();
  check((await focused()) === 'agreed', 'the widget: the empty box is announced and in focus');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter'); // the button, behind the link to the privacy policy
  const link = page.getByRole('link', { name: 'Confirm on WhatsApp' });
  await link.waitFor();
  check((await link.getAttribute('href')).startsWith('https://wa.me/4930555123?text=Yes'), 'the widget: the link to confirm by');
  check((await focused()) === 'title' && (await page.getByRole('status').count()) === 1, 'the widget: the next step is announced');
  await accessible(page, 'the widget’s next step');
  await quiet(page, 'the widget');
}

async function page(colorScheme) {
  const page = await open(gateway + '/consent/form/newsletter', { colorScheme, javaScriptEnabled: true, locale: 'de-DE' });
  check((await page.getAttribute('html', 'lang')) === 'de', 'the page: it is in the browser’s language');
  await accessible(page, `the page, ${colorScheme},`);
  await quiet(page, 'the page');
}

// Without scripts nothing can be evaluated either, so that the page with its error and the
// next step are checked with them, and sent without.
async function withoutScripts() {
  const page = await open(gateway + '/consent/form/newsletter', { javaScriptEnabled: false, locale: 'de-DE' });
  check(!(await page.locator('#agreed').isChecked()), 'without scripts: the box is empty');
  await later();
  await page.locator('#number').fill('0151');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  check((await page.title()).startsWith('Schreiben Sie die Nummer'), 'without scripts: a wrong number is announced');
  await later();
  await page.locator('#number').fill(plain);
  await page.locator('#agreed').check();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Auf WhatsApp bestätigen' }).waitFor();
  check((await page.locator('svg path').getAttribute('d')).length > 1000, 'without scripts: the QR code');
  await quiet(page, 'the page without scripts');
}

async function errorOfPage() {
  const page = await open(gateway + '/consent/form/newsletter', { colorScheme: 'dark' });
  await later();
  await page.locator('#agreed').check();
  await page.locator('button').click();
  await page.getByRole('alert').waitFor();
  await accessible(page, 'the page with an error');
  check(page.complaints.length === 0, 'the page with an error keeps to its policy ' + page.complaints.join('; '));
  await page.context().close();
}

await all(browser, [checkerLooks, () => widget('light'), () => widget('dark'), () => page('light'), () => page('dark'), withoutScripts, errorOfPage]);
answers.return?.();
process.stdin.destroy();
