import { expect, onTestFinished, test } from 'vitest';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { composeDiscovery } from '../../../src/publication/publication.ts';
import { onLoopback } from '../../support/on-loopback.ts';
import { PAYMENTS } from '../../support/payments.ts';
import { createDataPlane, type DataPlaneDeps, dataPlaneDeps, publicReports } from '../../support/planes.ts';
import { prefixProxy } from '../../support/prefix-proxy.ts';
import { publishing } from '../publication/published.ts';

const FORM = 'application/x-www-form-urlencoded';

async function behindProxy(prefix: string, changes: Partial<DataPlaneDeps> = {}) {
  const { listener } = await onLoopback(createDataPlane(dataPlaneDeps(changes), publicReports()));
  const proxy = await prefixProxy(prefix, listener.port);
  onTestFinished(() => proxy.close());
  return proxy.url;
}

/** Where a browser would go from the page. */
function destinations(page: string, from: string): readonly URL[] {
  const named = page.matchAll(/(?:href|action|src|formaction)="([^"]*)"/g);
  return Array.from(named, ([, target = '']) => new URL(target, from));
}

const answers = (route: { operation: { responses?: object | undefined } }) =>
  Object.values(route.operation.responses ?? {}) as { content?: object }[];
const pages = [...API_ROUTES.data, ...API_ROUTES.operations].filter((route) =>
  answers(route).some(({ content }) => content && 'text/html' in content),
);

test('the pages are those that are tried here', () => {
  expect(pages.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'get /scopes/{scope}/report',
    'post /scopes/{scope}/report',
  ]);
});

test.each(['/keyward', '/a/deeper/path', ''])(
  'behind a proxy that strips "%s", each page leads to pages that are there',
  async (prefix) => {
    const url = await behindProxy(prefix);
    const report = `${url}/scopes/payments/report`;
    const sent = async (form: Record<string, string>, to: string) =>
      fetch(to, { method: 'POST', headers: { 'Content-Type': FORM }, body: new URLSearchParams(form) });
    const form = await fetch(report);
    const wrong = await sent({}, report);
    const missing = await fetch(`${url}/scopes/ghost/report`);
    expect([form.status, wrong.status, missing.status]).toEqual([200, 422, 404]);
    for (const page of [form, wrong, missing]) {
      for (const { href } of destinations(await page.text(), page.url)) {
        expect(href.split('#', 1)).toEqual([report]);
      }
    }
    const taken = await sent({ text: 'I saw my token in public.' }, report);
    expect([taken.status, await taken.text()]).toEqual([201, expect.stringContaining('7Q3K-M2XD')]);
  },
);

test('a form goes to where it was shown', async () => {
  const url = await behindProxy('/keyward');
  const page = await fetch(`${url}/scopes/payments/report?from=mail`);
  const [action] = destinations(await page.text(), page.url);
  expect(action?.href).toBe(`${url}/scopes/payments/report`);
});

test('what discovery names is reached through the proxy', async () => {
  let discovery: object | undefined;
  const url = await behindProxy('/keyward', {
    publication: publishing(() => JSON.stringify(discovery)),
  });
  const issuer = `${url}/scopes/payments`;
  discovery = composeDiscovery({ ...PAYMENTS, issuer }, url);
  const found = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  expect(found.issuer).toBe(issuer);
  const asked = async (name: string, method = 'POST') => (await fetch(found[name] ?? '', { method })).status;
  expect([
    await asked('jwks_uri', 'GET'),
    await asked('introspection_endpoint'),
    await asked('revocation_endpoint'),
  ]).toEqual([200, 415, 415]);
});
