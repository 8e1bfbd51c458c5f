// The opt-in form in a page of another site:
//   <script src="https://gateway.example/consent/widget.js" data-form="newsletter" defer></script>
// It stands where the script does, or in the element that data-target selects. Its styles
// stay inside, nothing else is loaded, nothing is stored in the browser.
(() => {
  'use strict';
  const script = document.currentScript;
  const at = new URL('form/' + script.dataset.form, script.src);
  const css = `CSS`;

  const make = (tag, attributes, ...children) => {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) if (value !== false) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };

  const drawn = (confirm) => {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    const path = document.createElementNS(space, 'path');
    svg.setAttribute('class', 'qr');
    svg.setAttribute('viewBox', `0 0 ${confirm.qr.size} ${confirm.qr.size}`);
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', 'QR: ' + confirm.text);
    path.setAttribute('d', confirm.qr.path);
    svg.append(path);
    return svg;
  };

  const fetched = async (url, options) => {
    const answer = await fetch(url, { credentials: 'omit', ...options });
    return { ok: answer.ok, body: await answer.json() };
  };

  const start = async () => {
    const host = make('div');
    const target = script.dataset.target && document.querySelector(script.dataset.target);
    if (target) target.append(host);
    else if (document.head.contains(script)) document.body.append(host);
    else script.after(host);
    const root = host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];

    const language = script.dataset.language || document.documentElement.lang;
    const load = () => fetched(at + '/text' + (language ? '?language=' + encodeURIComponent(language) : ''));
    let form = await load();
    if (!form.ok) throw new Error(form.body.detail);
    form = form.body;
    const words = form.words;

    const wrong = make('p', { id: 'wrong', class: 'wrong', role: 'alert' });
    const number = make('input', { id: 'number', type: 'tel', inputmode: 'tel', autocomplete: 'tel', required: '', maxlength: 40, value: form.country_code || '', 'aria-describedby': 'help wrong' });
    const agreed = make('input', { id: 'agreed', type: 'checkbox', required: '', 'aria-describedby': 'wrong' });
    const website = make('input', { id: 'website', tabindex: -1, autocomplete: 'off' });
    const fields = { number, agreed };
    const body = make('form', { novalidate: '' },
      wrong,
      make('p', {}, make('label', { for: 'number' }, words.number), number, make('small', { id: 'help' }, words.help)),
      make('p', { class: 'tick' }, agreed, make('label', { for: 'agreed' }, words.agree)),
      make('p', {}, make('a', { href: form.privacy }, words.privacy)),
      make('p', { class: 'trap', 'aria-hidden': 'true' }, make('label', { for: 'website' }, words.trap), website),
      make('p', {}, make('button', {}, words.button)));
    const title = make('h2', { tabindex: -1, id: 'title' }, words.title);
    const all = make('section', { class: 'waguard', lang: form.language, 'aria-labelledby': 'title' }, title, body);
    root.append(all);

    const say = (text, field) => {
      for (const f of Object.values(fields)) f.removeAttribute('aria-invalid');
      wrong.textContent = text;
      if (!fields[field]) return;
      fields[field].setAttribute('aria-invalid', 'true');
      fields[field].focus();
    };

    let busy = false;
    body.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      say('');
      try {
        const answer = await fetched(at, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            version: form.version, token: form.token, number: number.value, agreed: agreed.checked,
            page_url: location.origin + location.pathname, website: website.value,
          }),
        });
        if (answer.ok) {
          const { message, confirm } = answer.body;
          body.replaceWith(make('p', { role: 'status' }, message), ...(confirm ? [
            make('p', {}, make('a', { class: 'button', href: confirm.link }, confirm.open)),
            make('p', {}, confirm.scan), drawn(confirm)] : []));
          title.focus();
          return;
        }
        const first = (answer.body.errors || [])[0] || {};
        say(first.detail || answer.body.detail || words.failed, first.field);
        if (first.field === 'form') { // it was shown too long ago: what it says now is shown
          const fresh = await load();
          if (fresh.ok && fresh.body.version === form.version) form = fresh.body;
        }
      } catch {
        say(words.failed);
      } finally {
        busy = false;
      }
    });
  };

  start().catch((error) => console.error('waguard: the opt-in form is not shown:', error.message));
})();
