import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { FOUND_NOTHING } from '../../support/token-findings.ts';

const summary = {
  sequence: 3,
  report: '7Q3K-M2XD',
  scope: 'payments',
  received_at: NOW - 60,
  state: 'open',
  owner: null,
  outcome: null,
  about: 'issued',
  digest: 'ZGlnZXN0',
};
const trace = {
  sequence: 9,
  scope: 'payments',
  kid: 'kid-1',
  jti: 'jti-1',
  client: 'web',
  iat: NOW - 90,
  exp: NOW,
};
const around = (tokens: number, complete = true) => ({ tokens, listed: [trace], complete });
const full = {
  ...summary,
  text: 'it was in a log\n\u001b[2Jand in another',
  contact: 'ada@example.org',
  erased: false,
  same_token: ['0000-0001', '0000-0002'],
  findings: {
    readable: true,
    signature: 'right',
    verdict: 'valid',
    key: { kid: 'kid-1', scope: 'payments', state: 'active', proof: 'proven' },
    record: trace,
    revoked: false,
    credentials: [],
    pins: 0,
    around: { from: NOW - 21_690, to: NOW + 21_510, client: around(40, false), subject: around(1) },
    failure: null,
  },
  steps: [{ step: 'examined', by: 'keyward', at: NOW - 59, outcome: null, note: null }],
};
const taken = {
  ...full,
  state: 'investigating',
  owner: 'ben',
  steps: [...full.steps, { step: 'taken', by: 'ben', at: NOW, outcome: null, note: null }],
};
const foreign = {
  ...full,
  report: '0000-0003',
  about: 'foreign',
  text: null,
  same_token: [],
  findings: {
    ...FOUND_NOTHING,
    credentials: [
      { holder: 'client:web', live: true },
      { holder: 'operator:ada', live: false },
      { holder: null, live: false },
    ],
    pins: 2,
    failure: 'ledger_unavailable',
  },
};
const erased = {
  ...summary,
  about: 'no_token',
  digest: null,
  text: null,
  contact: null,
  erased: true,
  same_token: [],
  findings: null,
  state: 'closed',
  outcome: 'harmless',
  steps: [{ step: 'closed', by: 'ben', at: NOW, outcome: 'harmless', note: 'a drill' }],
};

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /reports': [200, { reports: [summary], next: null }],
    'GET /scopes/mail': [200, { scope: { id: 'mail' } }],
    'GET /reports?state=closed&scope=mail': [200, { reports: [], next: null }],
    'GET /reports/7Q3K-M2XD': [200, { report: full }],
    'GET /reports/0000-0003': [200, { report: foreign }],
    'POST /reports/7Q3K-M2XD/take': [200, { report: taken }],
    'POST /reports/7Q3K-M2XD/note': [409, { code: 'report_closed', detail: 'the case is closed' }],
    'POST /reports/7Q3K-M2XD/close': [200, { report: { ...erased, erased: false } }],
    'POST /reports/7Q3K-M2XD/erase': [200, { report: erased }],
  });
  writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (...argv: string[]) =>
  call(['report', ...argv, '--url', stub.url, '--credential-file', credentialFile]);

describe('keyward report', () => {
  it('list shows what there is, and asks for what is wanted', async () => {
    expect((await keyward('list')).out).toBe(
      [
        'REPORT     SCOPE     ABOUT            STATE  OWNER  RECEIVED',
        '7Q3K-M2XD  payments  an issued token  open   -      2026-11-23 19:59:00Z (1 minute ago)',
        '',
      ].join('\n'),
    );
    expect((await keyward('list', '--state', 'closed', '--scope', 'mail')).out).toBe('no reports\n');
    const { exitCode, err } = await keyward('list', '--state', 'ajar');
    expect([exitCode, err]).toEqual([2, expect.stringContaining('open, investigating, closed')]);
    expect(JSON.parse((await keyward('list', '--json')).out)).toEqual({ reports: [summary], next: null });
  });

  it('show tells what was written and what was found out, and lets nothing reach the terminal', async () => {
    expect((await keyward('show', '7Q3K-M2XD')).out).toBe(
      [
        'report      7Q3K-M2XD',
        'scope       payments',
        'received    2026-11-23 19:59:00Z (1 minute ago)',
        'about       an issued token',
        'digest      ZGlnZXN0',
        'state       open',
        'owner       -',
        'same token  0000-0001 0000-0002',
        'contact     ada@example.org',
        '',
        '>  it was in a log',
        '>  \ufffd[2Jand in another',
        '',
        'signature    right',
        'verdict      valid',
        'key          kid-1 of payments, active, proven',
        'record       web, 2026-11-23 19:58:30Z, jti jti-1',
        'revoked      no',
        'client got   at least 40 tokens from 2026-11-23 13:58:30Z to 2026-11-24 01:58:30Z',
        'subject got  1 token from 2026-11-23 13:58:30Z to 2026-11-24 01:58:30Z',
        '',
        'to the subject:',
        'ISSUED                                CLIENT  SCOPE     JTI',
        '2026-11-23 19:58:30Z (2 minutes ago)  web     payments  jti-1',
        '',
        'WHEN                                   WHO      WHAT      NOTE',
        '2026-11-23 19:59:01Z (59 seconds ago)  keyward  examined',
        '',
      ].join('\n'),
    );
  });

  it('list colours what stands out, on a terminal', async () => {
    const { out } = await call(['report', 'list', '--url', stub.url, '--credential-file', credentialFile], {
      isTerminal: true,
    });
    expect(out).toContain('\u001b[33man issued token\u001b[0m  \u001b[33mopen\u001b[0m');
  });

  it('show says what could not be found out, and of a token that is not ours that it is not', async () => {
    const { out } = await keyward('show', '0000-0003');
    expect(out).toContain('\nabout       nothing of ours\n');
    expect(out).toContain(
      [
        'signature   unchecked',
        'verdict     -',
        'key         not ours',
        'record      none',
        'revoked     no',
        'credential  client:web, live when it was shown',
        'credential  operator:ada, not live when it was shown',
        'credential  nobody here has it',
        'PINs        2: look with keyward scan --pin-file where they lay',
        'failure     ledger_unavailable',
        '',
      ].join('\n'),
    );
    expect(out).toContain('\n\nnothing was written\n\n');
  });

  it('take says who has it then', async () => {
    expect((await keyward('take', '7Q3K-M2XD')).out).toContain(
      'state       investigating\nowner       ben\n',
    );
    expect(stub.seen).toMatchObject([{ method: 'POST', path: '/reports/7Q3K-M2XD/take' }]);
  });

  it('close demands what it came to, and why', async () => {
    expect((await keyward('close', '7Q3K-M2XD', '--note', 'a drill')).exitCode).toBe(2);
    expect((await keyward('close', '7Q3K-M2XD', '--outcome', 'harmless')).exitCode).toBe(2);
    expect((await keyward('close', '7Q3K-M2XD', '--outcome', 'fine', '--note', 'a drill')).exitCode).toBe(2);
    expect(stub.seen).toEqual([]);
    const { out } = await keyward('close', '7Q3K-M2XD', '--outcome', 'harmless', '--note', 'a drill');
    expect(out).toContain('state       closed: harmless\n');
    expect(stub.seen).toMatchObject([{ body: { outcome: 'harmless', note: 'a drill' } }]);
  });

  it('note shows why it was refused', async () => {
    const { exitCode, err } = await keyward('note', '7Q3K-M2XD', '--note', 'more');
    expect([exitCode, err]).toEqual([1, 'error: the case is closed [report_closed]\n']);
  });

  it('erase says that what was written is gone', async () => {
    const { out } = await keyward('erase', '7Q3K-M2XD');
    expect(out).toContain('contact     erased\n\nwhat was written was erased\n');
  });
});
