// Looks at the console as people do: every page on a desk and on a phone, in light and dark, by
// keyboard alone, without scripts and on paper; and watches sends as they come.
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { accessible, all, check, contrasts, faults, launch, open as opened, write } from './look.mjs';

const [executablePath, gateway, into, shots, hostile, contact, decision] = process.argv.slice(2); // shots: pictures are to be looked at
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const later = async (what) => { write({ wait: what }); await answers.next(); };
const browser = await launch(executablePath);
const user = { 'Remote-User': 'ana' };
const open = (path, options = {}) => opened(browser, [gateway], gateway + '/console/' + path, { extraHTTPHeaders: user, ...options });
const sizes = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

const pages = {
  overview: '', violations: 'violations', sends: 'violations?show=all', 'by-rule': 'violations?by=rule', 'by-template': 'violations?by=template', decision: 'decision?now=yes&id=' + decision,
  person: 'person', reviews: 'reviews', runway: 'runway?all=yes&ending=24h', score: 'score', lab: 'lab', templates: 'templates', bill: 'bill', events: 'events', health: 'health', missing: 'nothing-here', empty: 'violations?rule=WINDOW_CLOSED&template=none',
};

async function done(page, what) {
  check(page.complaints.length === 0, `${what} keeps to its policy and loads nothing else ` + page.complaints.join('; '));
  await page.context().close();
}

async function checkerLooks() {
  const page = await open('');
  const found = await faults(page, 'document.querySelector("main").append(document.createElement("img"))');
  check(found.some((v) => v.id === 'image-alt'), 'the checker finds a planted fault');
  const complaint = new Promise((resolve) => page.on('console', (m) => resolve(m.text())));
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('script'), { textContent: '1' })));
  check((await complaint).includes('Content Security Policy'), 'a script in a page is refused, and the browser says so');
  await page.context().close();
}

// straight finds what is cut off or hangs out of the page.
const straight = (page) => page.evaluate(() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push('scrolls to the side');
  for (const e of document.querySelectorAll('main h1, main h2, main h3, dd, dt, .tag, button, .button, label, nav a')) {
    if (e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline') found.push('cut off: ' + e.innerText);
  }
  for (const e of document.querySelectorAll('button, .button, input, select, nav a')) {
    const r = e.getBoundingClientRect();
    if (e.offsetParent && e.type !== 'hidden' && (r.width < 24 || r.height < 24)) found.push('too small to hit: ' + e.outerHTML);
  }
  return found;
});

async function look(name, path) {
  const page = await open(path, { viewport: sizes.desk, colorScheme: 'light' });
  for (const size of Object.keys(sizes)) await lookAt(page, name, size);
  await done(page, name);
}

async function lookAt(page, name, size) {
  const what = `${name}, ${size},`;
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(sizes[size]);
  await accessible(page, what);
  check((await page.locator('main img, main script, main iframe, main b').count()) === 0, `${what} has no markup but its own`);
  check((await page.locator('h1').count()) === 1 && (await page.title()).endsWith('waguard'), `${what} has a title`);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    if (colorScheme === 'dark') await contrasts(page, `${what} dark,`); // all else is as it was
    const crooked = await straight(page);
    check(crooked.length === 0, `${what} ${colorScheme}, stands straight ` + crooked.join('; '));
    if (shots) await page.screenshot({ path: `${into}/console-${name}-${size}-${colorScheme}.jpg`, type: 'jpeg', quality: 60, fullPage: true, clip: { x: 0, y: 0, ...sizes[size], height: 1600 } });
  }
}

async function weighs() {
  const page = await open('');
  const bytes = await page.evaluate(() => [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')].reduce((n, e) => n + e.decodedBodySize, 0));
  check(bytes < 200_000, `the overview with all it loads is under 200 kB: ${bytes} bytes`);
  await done(page, 'the overview');
}

// By keyboard alone: from the address to a violation, and back to its filter.
async function keyboard() {
  const page = await open('violations');
  await page.keyboard.press('Tab');
  check((await page.evaluate(() => document.activeElement.className)) === 'skip', 'the first stop leads past the menu');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  check(await page.evaluate(() => document.activeElement.closest('main') !== null), 'and into the page');
  for (let stops = 0; stops < 60 && !(await page.evaluate(() => document.activeElement.matches('#f-rule'))); stops++) await page.keyboard.press('Tab');
  await page.keyboard.type('NO_CONSENT');
  await page.keyboard.press('Enter');
  await page.waitForURL(/rule=NO_CONSENT/);
  await page.locator('#results tbody tr').first().waitFor();
  const rules = await page.locator('#results tbody tr td:nth-child(2) .tag').allInnerTexts();
  check(rules.length > 0 && rules.every((r) => r === 'NO_CONSENT'), 'the filter is used by keyboard, and is in the address: ' + rules.join(' '));
  for (let stops = 0; stops < 80 && !(await page.evaluate(() => document.activeElement.matches('#results tbody a'))); stops++) await page.keyboard.press('Tab');
  const focus = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  check(focus !== 'none', 'what has the focus shows it');
  await page.keyboard.press('Enter');
  await page.waitForURL(/decision|violations|templates/);
  await done(page, 'the console by keyboard');
}

async function withoutScripts() {
  const page = await open('violations?rule=NO_CONSENT', { javaScriptEnabled: false });
  check((await page.locator('#results tbody tr').count()) > 0, 'without scripts: the list');
  await page.locator('#f-rule').fill('WINDOW_CLOSED');
  await page.keyboard.press('Enter');
  await page.waitForURL(/rule=WINDOW_CLOSED/);
  check((await page.locator('#results tbody tr').count()) > 0, 'without scripts: the filter');
  await page.locator('#results tbody td:nth-child(2) a').first().click();
  await page.locator('h1', { hasText: 'A decision' }).waitFor();
  await page.goto(gateway + '/console/person');
  await page.locator('#f-contact').fill(contact);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Where the person stands' }).waitFor();
  check(!(await page.content()).includes(contact.slice(1)), 'without scripts: a person, whose number is nowhere in the page');
  await done(page, 'the console without scripts');
}

async function person(colorScheme) {
  const page = await open('person', { colorScheme, viewport: colorScheme === 'dark' ? sizes.phone : sizes.desk });
  await page.locator('#f-contact').fill(contact);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What happened' }).waitFor();
  check(!(await page.content()).includes(contact.slice(1)), 'a person: the number is nowhere in the page');
  await accessible(page, `a person, ${colorScheme},`);
  const crooked = await straight(page);
  check(crooked.length === 0, `a person, ${colorScheme}, stands straight ` + crooked.join('; '));
  await page.screenshot({ path: `${into}/console-a-person-${colorScheme}.png`, fullPage: true });
  if (colorScheme === 'light') {
    await page.getByRole('button', { name: 'Show the number' }).click();
    await page.getByRole('heading', { name: contact }).waitFor();
    await page.locator('#c-state').selectOption('opted_out');
    await page.locator('#c-scope').selectOption('marketing');
    await page.locator('#c-source').selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Record' }).click();
    await page.getByRole('heading', { name: 'To be recorded' }).waitFor();
    await accessible(page, 'a consent record before it is confirmed');
    await page.getByRole('button', { name: 'Record it' }).click();
    await page.getByRole('status').filter({ hasText: 'Recorded, by ana' }).waitFor();
    await accessible(page, 'a person after an opt-out');
    await page.getByRole('button', { name: 'See what an erasure' }).click();
    await page.getByRole('heading', { name: 'It would take away' }).waitFor();
    await accessible(page, 'an erasure before it is confirmed');
    check((await page.locator('#e-sure').count()) === 1, 'an erasure asks to be confirmed');
  }
  await done(page, 'a person');
}

async function watch() {
  const page = await open('violations?watch=on&show=all');
  await page.locator('#live-rows').waitFor({ state: 'attached' });
  await page.waitForTimeout(1000); // the stream begins
  await later('sends');
  await page.locator('#live-rows tr').first().waitFor();
  await accessible(page, 'sends as they come');
  await later('very many sends');
  await page.waitForFunction(() => document.querySelectorAll('#live-rows tr').length > 200);
  await later('very many sends');
  await page.waitForTimeout(1000);
  const rows = await page.locator('#live-rows tr').count();
  check(rows <= 420, `a page that watches keeps no more than some hundred rows: ${rows}`);
  await page.screenshot({ path: `${into}/console-live.png` });
  await page.getByRole('link', { name: 'Pause' }).click();
  await page.waitForURL((u) => !String(u).includes('watch'));
  await done(page, 'sends as they come');
}

async function appearance() {
  const page = await open('health', { colorScheme: 'light' });
  await page.getByRole('button', { name: 'dark' }).click();
  await page.waitForURL(/health/);
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  check(background === 'rgb(20, 23, 26)', 'who wants it dark has it dark: ' + background);
  await accessible(page, 'dark by choice,');
  await page.getByRole('button', { name: 'as the system' }).click();
  await page.waitForLoadState();
  check((await page.context().cookies()).length === 0, 'and who doesn’t mind has no cookie');
  await done(page, 'appearance');
}

async function print(name, path) {
  const page = await open(path, { viewport: sizes.desk, colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  check(!(await page.locator('nav').first().isVisible()), `${name} prints no menu`);
  const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].join(' on '));
  check(colours === 'rgb(255, 255, 255) on rgb(0, 0, 0)', `${name} prints black on white: ${colours}`);
  await page.pdf({ path: `${into}/console-${name}.pdf`, preferCSSPageSize: true });
  check(statSync(`${into}/console-${name}.pdf`).size > 5_000, `${name} prints`);
  await done(page, name + ' on paper');
}

const steps = [checkerLooks, weighs];
for (const [name, path] of Object.entries(pages)) steps.push(() => look(name, path));
steps.push(keyboard, withoutScripts, appearance, () => print('violations', 'violations'), () => print('bill', 'bill'), watch, () => person('dark'), () => person('light'));
await all(browser, steps);
answers.return?.();
process.stdin.destroy();
