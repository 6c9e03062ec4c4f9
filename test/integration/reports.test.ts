import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_ROUTES } from '../../src/api/routes.ts';
import { makeCredential } from '../../src/kernel/credential.ts';
import { describeApi } from '../../src/server/openapi.ts';
import { keyward as commandLine } from '../support/command-line.ts';
import { forgeToken, keyThat } from '../support/forge-token.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { queryStore, verifiedAudit } from '../support/service-store.ts';

const DEADLINE_MS = 180_000;
const PATIENCE = { timeout: 60_000, interval: 100 };
const NUMBER = /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/;
const MOST_AN_HOUR = 40;

let service: RunningService;
let thief: Workbench;
let payments: { sign: string; verify: string };

beforeAll(async () => {
  service = await startService({ config: { reports: { per_network_per_hour: MOST_AN_HOUR } } });
  const policy = { record_subject: 'plain' };
  payments = await service.provision({ id: 'payments', policy });
  await service.provision({ id: 'mail', policy });
  thief = await openWorkbench(service.hsm);
}, DEADLINE_MS);

afterAll(async () => {
  await thief.stop();
  await service.remove();
});

const report = (body: object, scope = 'payments') =>
  service.data('POST', `/v1/scopes/${scope}/reports`, undefined, body);
const read = async (number: string) =>
  (await service.operations('GET', `/v1/admin/reports/${number}`)).body.report;
const issue = async (sub = 'alice') =>
  (await service.data('POST', '/v1/scopes/payments/tokens', payments.sign, { claims: { sub } })).body;
const digestOf = (token: string) =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');

/** The case of that report, once it was looked into. */
async function examined(body: object, scope?: string) {
  const { status, body: answer } = await report(body, scope);
  expect([status, answer]).toEqual([201, { report: expect.stringMatching(NUMBER) }]);
  await expect.poll(async () => (await read(answer.report)).about, PATIENCE).not.toBeNull();
  return read(answer.report);
}

const eventOf = async (number: string) => {
  const { events } = (await service.operations('GET', '/v1/admin/events?type=report.received')).body;
  return events.find(({ evidence }: { evidence: { report: string } }) => evidence.report === number);
};

describe('a report of a token', () => {
  it('that was issued says to whom, by which key, and what else they got', async () => {
    const others = [await issue(), await issue('bob')];
    const { token, jti, kid, iat, exp } = await issue();
    const found = await examined({ token, text: 'it was in a log', contact: 'ada@example.org' });
    const trace = { scope: 'payments', kid, client: 'payments-sign' };
    const client = { tokens: 3, complete: true, listed: expect.any(Array) };
    expect(found).toMatchObject({
      scope: 'payments',
      state: 'open',
      owner: null,
      about: 'issued',
      digest: digestOf(token),
      text: 'it was in a log',
      contact: 'ada@example.org',
      findings: {
        readable: true,
        signature: 'right',
        verdict: 'valid',
        key: { kid, scope: 'payments', state: 'active', proof: 'proven' },
        record: { ...trace, jti, iat, exp },
        revoked: false,
        around: { client, subject: { tokens: 2, complete: true } },
        failure: null,
      },
    });
    const jtis = (of: { listed: { jti: string }[] }) => of.listed.map((each) => each.jti);
    expect(jtis(found.findings.around.client)).toEqual([others[0].jti, others[1].jti, jti]);
    expect(jtis(found.findings.around.subject)).toEqual([others[0].jti, jti]);
    expect(await eventOf(found.report)).toMatchObject({
      severity: 'warning',
      subject: 'scope:payments',
      evidence: { report: found.report, digest: digestOf(token), recorded: true, client: 'payments-sign' },
    });
  });

  it('whose signature was altered says that it was issued all the same', async () => {
    const { token, jti } = await issue();
    const end = token.endsWith('AAAA') ? 'BBBB' : 'AAAA';
    const { about, findings } = await examined({ token: token.slice(0, -4) + end });
    expect(about).toBe('altered');
    expect(findings).toMatchObject({ signature: 'wrong', verdict: 'bad_signature', record: { jti } });
  });

  it('that was revoked says so', async () => {
    const { token, jti } = await issue();
    await service.operations('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason: 'test' });
    const { findings } = await examined({ token });
    expect(findings).toMatchObject({ verdict: 'revoked', revoked: true });
  });

  it('that was never issued raises the alarm that verify raises', async () => {
    const token = await forgeToken(service, thief, 'payments');
    const found = await examined({ token });
    expect(found).toMatchObject({
      about: 'forged',
      findings: { signature: 'right', verdict: 'never_issued', record: null, around: null },
    });
    const { events } = (await service.operations('GET', '/v1/admin/events?type=token.never_issued')).body;
    expect(events).toMatchObject([{ severity: 'critical', evidence: { digest: digestOf(token) } }]);
    expect((await eventOf(found.report)).severity).toBe('warning');
  });

  it('that another key set is for is judged by its own scope', async () => {
    const token = await forgeToken(service, thief, 'mail');
    const found = await examined({ token });
    const { kid } = await keyThat(service, 'mail', 'active');
    expect(found).toMatchObject({
      scope: 'payments',
      about: 'forged',
      findings: { key: { kid, scope: 'mail' } },
    });
  });

  it.each([
    ['somebody else’s', [{ alg: 'ES256', typ: 'at+jwt', kid: 'of-another' }, { sub: 'x' }], true],
    ['no token at all', ['what', 'is this'], false],
  ])('that is %s is answered alike, and is no more than information', async (_, parts, readable) => {
    const token = [
      ...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')),
      'AAAA',
    ].join('.');
    const found = await examined({ token: `Bearer ${token}\r\n` });
    expect(found).toMatchObject({
      about: 'foreign',
      digest: digestOf(token),
      findings: { readable, signature: 'unchecked', key: null, record: null },
    });
    expect((await eventOf(found.report)).severity).toBe('info');
  });

  it('leaves neither the token nor its signature in the database', async () => {
    const { token } = await issue();
    await examined({ token });
    const signature = token.slice(token.lastIndexOf('.') + 1);
    const kept = JSON.stringify([
      await queryStore(service, 'SELECT * FROM reports'),
      await queryStore(service, 'SELECT * FROM case_log'),
      await queryStore(service, 'SELECT * FROM audit_events'),
      await queryStore(service, 'SELECT * FROM security_events'),
    ]);
    expect(kept).toContain(digestOf(token));
    expect(kept).not.toContain(signature);
  });
});

it('a report without a token is a case too', async () => {
  const found = await examined({ text: 'somebody signs in as me' });
  expect(found).toMatchObject({ about: 'no_token', digest: null, findings: null, contact: null });
  expect(await eventOf(found.report)).toMatchObject({ severity: 'warning', evidence: { written: true } });
});

describe('a report of a credential', () => {
  let shop: { sign: string; verify: string };
  beforeAll(async () => {
    shop = await service.provision({ id: 'shop' });
  }, DEADLINE_MS);

  const statusOf = async (credential: string) =>
    (await service.data('POST', '/v1/scopes/shop/verify', credential, { token: 'x' })).status;
  const events = async (type: string) =>
    (await service.operations('GET', `/v1/admin/events?type=${type}`)).body.events;
  const kept = async () => {
    const tables = ['reports', 'case_log', 'audit_events', 'security_events'];
    return JSON.stringify(
      await Promise.all(tables.map((table) => queryStore(service, `SELECT * FROM ${table}`))),
    );
  };

  it('revokes who had it and is told once, as a token and in words', async () => {
    expect(await statusOf(shop.verify)).toBe(200);
    const asToken = await examined({ token: `Bearer ${shop.verify}\n` });
    expect(asToken).toMatchObject({
      about: 'credential',
      findings: {
        readable: false,
        credentials: [{ holder: 'client:shop-verify', live: true }],
        failure: null,
      },
    });
    expect(await statusOf(shop.verify)).toBe(401);
    const inWords = await examined({ text: `in a paste: "${shop.sign}" and ${shop.verify}` });
    expect(inWords).toMatchObject({
      about: 'credential',
      text: 'in a paste: "kw_svc_[masked]" and kw_svc_[masked]',
      digest: null,
      findings: {
        credentials: [
          { holder: 'client:shop-sign', live: true },
          { holder: 'client:shop-verify', live: false },
        ],
      },
    });
    const leaked = (await events('credential.leaked')).map(
      ({ evidence }: { evidence: Record<string, unknown> }) => [
        evidence.holder,
        evidence.leaked_at,
        evidence.reported_by,
        evidence.withdrawn,
      ],
    );
    expect(leaked.toSorted()).toEqual([
      ['client:shop-sign', `report ${inWords.report}`, `report:${inWords.report}`, true],
      ['client:shop-verify', `report ${asToken.report}`, `report:${asToken.report}`, true],
    ]);
    for (const { report: number } of [asToken, inWords]) {
      expect((await eventOf(number)).severity).toBe('warning');
    }
    for (const secret of Object.values(shop)) expect(await kept()).not.toContain(secret.slice(7, 20));
    const shown = await commandLine([
      ...['report', 'show', inWords.report, '--url', service.operationsUrl],
      ...['--credential-file', join(service.hsm.folder, 'operator')],
    ]);
    expect(shown.out).toMatch(/^credential +client:shop-sign, live when it was shown$/m);
    expect((await verifiedAudit(service)).findings).toEqual([]);
  });

  it('that nobody here has revokes nothing, and a malformed one is nothing', async () => {
    const before = (await events('credential.leaked')).length;
    const stranger = await examined({ token: makeCredential('ops').text });
    expect(stranger).toMatchObject({
      about: 'credential_unknown',
      findings: { credentials: [{ holder: null, live: false }] },
    });
    expect((await eventOf(stranger.report)).severity).toBe('warning');
    const malformed = await examined({ token: makeCredential('svc').text.slice(0, -1) });
    expect(malformed).toMatchObject({ about: 'foreign', findings: { credentials: [] } });
    expect((await eventOf(malformed.report)).severity).toBe('info');
    expect(await events('credential.leaked')).toHaveLength(before);
  });

  it('that is a decoy rings, and is told of as one that nobody has', async () => {
    const { text, digest } = makeCredential('svc');
    await service.operations('POST', '/v1/admin/canaries', {
      kind: 'credential',
      planted: 'home of the build user',
      credential_digest: digest.toString('base64url'),
    });
    const found = await examined({ text: `what is ${text}?` });
    expect([found.about, found.findings.credentials]).toEqual([
      'credential_unknown',
      [{ holder: null, live: false }],
    ]);
    await expect
      .poll(
        async () => (await events('canary.touched')).map((each: { evidence: object }) => each.evidence),
        PATIENCE,
      )
      .toMatchObject([
        { decoy: 'credential', use: 'report', caller: null, details: [`found at report ${found.report}`] },
      ]);
  });
});

describe('a case', () => {
  it('is taken, noted and closed, each with an audit event, and no more after that', async () => {
    const { report: number } = await examined({ text: 'odd' });
    const step = async (name: string, body: object) =>
      (await service.operations('POST', `/v1/admin/reports/${number}/${name}`, body)).body;
    expect((await step('take', {})).report).toMatchObject({
      state: 'investigating',
      owner: expect.any(String),
    });
    expect((await step('note', { note: 'asked' })).report.state).toBe('investigating');
    const closed = (await step('close', { outcome: 'harmless', note: 'a drill' })).report;
    expect(closed).toMatchObject({ state: 'closed', outcome: 'harmless' });
    expect(closed.steps.map(({ step: kind }: { step: string }) => kind)).toEqual([
      'examined',
      'taken',
      'noted',
      'closed',
    ]);
    expect((await step('note', { note: 'more' })).code).toBe('report_closed');
    const audited = await queryStore(
      service,
      `SELECT type FROM audit_events WHERE subject = 'report:${number}' ORDER BY sequence`,
    );
    expect(audited.map(({ type }) => type)).toEqual([
      'report.filed',
      'report.examined',
      'report.taken',
      'report.noted',
      'report.closed',
    ]);
  });

  it('loses text and contact when it is erased, and still verifies', async () => {
    const { report: number } = await examined({ text: 'odd', contact: 'eve@example.org' });
    const erased = (await service.operations('POST', `/v1/admin/reports/${number}/erase`, {})).body.report;
    expect(erased).toMatchObject({ text: null, contact: null, erased: true });
    const other = await examined({ text: 'odd', contact: 'Bob@example.org' });
    await service.operations('POST', '/v1/admin/ledger/erase', { subject: 'bob@example.org' });
    expect(await read(other.report)).toMatchObject({ text: null, contact: null, erased: true });
    expect((await verifiedAudit(service)).findings).toEqual([]);
  });
});

it('a case is led from the command line', async () => {
  const credentialFile = join(service.hsm.folder, 'operator');
  const keyward = async (...argv: string[]) => {
    const where = ['--url', service.operationsUrl, '--credential-file', credentialFile];
    const { exitCode, out, err } = await commandLine(['report', ...argv, ...where]);
    expect([exitCode, err]).toEqual([0, '']);
    return out;
  };
  const { token, jti } = await issue('carol');
  const { report: number } = await examined({ token, text: 'in a paste' });
  expect(await keyward('list', '--state', 'open')).toMatch(
    new RegExp(`^${number} +payments +an issued token +open +- `, 'm'),
  );
  expect(await keyward('show', number.toLowerCase())).toContain(`jti ${jti}\n`);
  expect(await keyward('take', number)).toMatch(/^state +investigating$/m);
  await keyward('note', number, '--note', 'asked for the paste to be removed');
  expect(await keyward('close', number, '--outcome', 'confirmed', '--note', 'revoked')).toMatch(
    /^state +closed: confirmed$/m,
  );
  const erased = await keyward('erase', number);
  expect(erased).toContain('what was written was erased');
  expect(erased.slice(erased.indexOf('WHEN'))).toMatch(
    / closed: confirmed .*\n\S+ \S+Z \([^)]+\) +\S+ +erased\n$/,
  );
  const [closed] = JSON.parse(await keyward('list', '--state', 'closed', '--json')).reports;
  expect(closed).toMatchObject({ report: number, outcome: 'confirmed', about: 'issued' });
});

describe('the page', () => {
  const url = (scope = 'payments') => `${service.dataUrl}/scopes/${scope}/report`;
  const send = (fields: Record<string, string>, scope?: string) =>
    fetch(url(scope), { method: 'POST', body: new URLSearchParams(fields) });

  it('takes a report by its form, with a policy that runs nothing', async () => {
    const form = await fetch(url());
    expect([form.status, form.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(form.headers.get('content-security-policy')).toMatch(
      /^default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'self';style-src 'sha256-[\w+/=]{44}'$/,
    );
    expect(await form.text()).not.toMatch(/<script|javascript:|\son\w+=/i);
    const taken = await send({ token: '', text: 'first line\r\nsecond <b>', contact: '' });
    expect(taken.status).toBe(201);
    const [, number = ''] = /<p class="number">([^<]+)<\/p>/.exec(await taken.text()) ?? [];
    expect(await read(number)).toMatchObject({ text: 'first line\nsecond <b>', contact: null });
  });

  it('says what was wrong, keeps what was written, and never shows the token again', async () => {
    const answer = await send({ token: 'x'.repeat(12_001), text: '</textarea><script>', contact: '"><i>' });
    const shown = await answer.text();
    expect(answer.status).toBe(422);
    expect(shown).toContain(
      '<p class="wrong" role="alert"><a href="#token">Token</a> use at most 12000 characters</p>',
    );
    expect(shown).toContain('&lt;/textarea&gt;&lt;script&gt;</textarea>');
    expect(shown).toContain('value="&quot;&gt;&lt;i&gt;"');
    expect(shown).not.toContain('xxx');
    const nothing = await send({ token: '', text: ' ', contact: '' });
    expect([nothing.status, await nothing.text()]).toEqual([
      422,
      expect.stringContaining('give the token, or say in a few words what happened'),
    ]);
  });

  it('is not there for a scope that is not there, as its key set', async () => {
    const answers = await Promise.all([
      fetch(url('nowhere')),
      send({ text: 'x' }, 'nowhere'),
      report({ text: 'x' }, 'nowhere'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await service.data('GET', '/scopes/nowhere/jwks.json')).body.code).toBe('unknown_scope');
  });
});

it('a flood is turned away, and stands in the way of no token', async () => {
  const many = <T>(ask: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: 2 * MOST_AN_HOUR }, (_, n) => ask(n)));
  const [answers, tokens] = await Promise.all([
    many((n) => report({ text: `flood ${n}` })),
    many(() => issue()),
  ]);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.length).toBeGreaterThanOrEqual(MOST_AN_HOUR);
  expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
    new Set(['429 rate_limited']),
  );
  expect(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
  expect(tokens.filter(({ token }) => typeof token !== 'string')).toEqual([]);
  const metrics = (await service.operations('GET', '/metrics')).body as string;
  expect(Number(/keyward_reports_total\{about="refused"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(0);
  expect(metrics).toMatch(/keyward_reports_unclosed\{state="open"\} \d+/);
});

it('the service answers what the description of its API is made from', async () => {
  for (const plane of ['data', 'operations'] as const) {
    const { body } = await service[plane]('GET', '/openapi.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(describeApi(plane, API_ROUTES[plane]))));
  }
});
