// The person at the browser: fills in the plain HTML forms, as a browser without JavaScript does.
// Run by itself with an address, prints where the browser ends up.

import { fileURLToPath } from 'node:url';

const { ISSUER, USERNAME, PASSWORD } = process.env;

// Whatever happens, no script outlives its test.
setTimeout(() => {
  console.error('gave up after 40 s');
  process.exit(1);
}, 40_000).unref();

// One browser: who signed in stays so until they sign out.
const cookies = new Map();

/** Goes on until a redirect leaves the issuer, and returns where that leads. */
export async function signsInAndAllows(address) {
  let request = { url: new URL(address), init: {} };
  for (let page = 0; page < 10; page++) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(request.url, {
      ...request.init,
      redirect: 'manual',
      headers: { ...request.init.headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    if (response.status === 303) {
      const target = new URL(response.headers.get('location'), request.url);
      if (target.origin !== new URL(ISSUER).origin) return target;
      request = { url: target, init: {} };
    } else if (response.status === 200) {
      request = filledIn(await response.text(), request.url);
    } else {
      throw new Error(`${request.url}: ${response.status} ${await response.text()}`);
    }
  }
  throw new Error(`still at ${request.url}`);
}

/** The page's form, with what this person has to say. */
function filledIn(page, url) {
  const form = /<form\b[^>]*method="post"[^>]*>[\s\S]*?<\/form>/i.exec(page)?.[0];
  if (!form) throw new Error(`no form at ${url}: ${page}`);
  const answers = { username: USERNAME, password: PASSWORD };
  const body = new URLSearchParams();
  for (const [input] of form.matchAll(/<input\b[^>]*>/gi)) {
    const name = attribute(input, 'name');
    if (name) body.set(name, answers[name] ?? attribute(input, 'value') ?? '');
  }
  if (/name="decision"/.test(form)) body.set('decision', 'allow');
  const action = attribute(/<form\b[^>]*>/i.exec(form)[0], 'action');
  return { url: new URL(action || url, url), init: { method: 'POST', body } };
}

function attribute(tag, name) {
  const value = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1];
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return value?.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, word) => {
    if (word) return named[word] ?? all;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log((await signsInAndAllows(process.argv[2])).href);
}
