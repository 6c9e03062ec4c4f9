import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ceremonyPage } from '../../../src/keys/cli-ceremony.ts';
import type { CeremonyAnswer } from '../../../src/keys/routes/ceremony.ts';
import { html } from '../../../src/lib/html.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const key = {
  kid: 'kid-1',
  state: 'active',
  hsm_token: 'primary',
  hsm_id: 'ab',
  public_jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
  sign_from: NOW,
  sign_until: NOW + 86_400,
  max_ttl_seconds: 3_600,
  token: { label: 'keyward', serial: '42', manufacturer: 'Acme', model: 'HSM 2', firmware: '2.6' },
  mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
  attributes: { CKA_EXTRACTABLE: false, CKA_LOCAL: true },
  proven_at: NOW,
  statement: 'proof.by.key',
  binding_record: 'binding.re.cord',
  binding_key: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
};
const ceremony: CeremonyAnswer = {
  scope: {
    id: 'payments',
    issuer: 'https://id.example',
    audience: 'payments',
    algorithm: 'ES256',
    modulus_bits: null,
  },
  made_at: NOW - 60,
  made_by: 'alice',
  approved_by: 'bob',
  proposal: 'p1',
  proposed_at: NOW - 3_600,
  request_id: 'req-1',
  audit_event: { sequence: 12, hash: 'hash-of-event' },
  keys: [key, { ...key, kid: 'kid-2', state: 'pre_activation' }],
};

let folder: ReturnType<typeof temporaryFolder>;
let stub: Awaited<ReturnType<typeof operationsStub>>;
beforeAll(async () => {
  folder = temporaryFolder();
  stub = await operationsStub({ 'GET /scopes/payments/ceremony': [200, { ceremony }] });
  writeFileSync(join(folder.path, 'operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});

const keyward = (...argv: string[]) =>
  call([
    '--url',
    stub.url,
    '--credential-file',
    join(folder.path, 'operator'),
    'scope',
    'ceremony',
    'payments',
    ...argv,
  ]);

describe('scope ceremony', () => {
  it('tells who, when and on which HSM', async () => {
    const { exitCode, out } = await keyward();
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        'scope        payments',
        'made         2026-11-23 19:59:00Z (1 minute ago)',
        'by           alice',
        'approved by  bob',
        'audit event  12 hash-of-event',
        'key          kid-1 (active)',
        'HSM          keyward, serial 42, firmware 2.6',
        'key          kid-2 (pre_activation)',
        'HSM          keyward, serial 42, firmware 2.6',
        '',
      ].join('\n'),
    );
  });

  it('writes JSON or a page, and never over a file that is there', async () => {
    const [json, page] = [join(folder.path, 'payments.json'), join(folder.path, 'payments.html')];
    expect((await keyward('--out', json)).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(ceremony);
    expect((await keyward('--html', '--out', page)).exitCode).toBe(0);
    expect(readFileSync(page, 'utf8')).toBe(ceremonyPage(ceremony));
    const again = await keyward('--out', page);
    expect(again).toMatchObject({ exitCode: 2, out: '' });
    expect(again.err).toContain('payments.html exists; it is not overwritten');
    expect(readFileSync(page, 'utf8')).toBe(ceremonyPage(ceremony));
  });

  it('asks for the file of a page', async () => {
    const { exitCode, err } = await keyward('--html');
    expect([exitCode, err]).toEqual([2, expect.stringContaining('name the file of the page with --out')]);
  });
});

describe('the page', () => {
  const cells = (page: string) =>
    [...page.matchAll(/<tr><th>(.*?)<\/th><td>(.*?)<\/td><\/tr>/g)].map(([, name, value]) => [name, value]);

  it('shows persons, times, HSM, attributes and both keys, with a line for each to sign', () => {
    const page = ceremonyPage(ceremony);
    const shown = cells(page);
    for (const row of [
      ['proposed by', 'alice'],
      ['proposed', '2026-11-23 19:00:00Z'],
      ['approved by', 'bob'],
      ['made', '2026-11-23 19:59:00Z'],
      ['audit event', '12'],
      ['its hash', 'hash-of-event'],
      ['alice', ''],
      ['bob', ''],
      ['thumbprint', 'kid-1'],
      ['thumbprint', 'kid-2'],
      ['serial', '42'],
      ['firmware', '2.6'],
      ['mechanism', 'CKM_ECDSA (0x1041)'],
      ['CKA_EXTRACTABLE', 'false'],
      ['CKA_LOCAL', 'true'],
    ]) {
      expect(shown).toContainEqual(row);
    }
    expect(page).toContain('<pre>binding.re.cord</pre>');
    expect(page).toContain('<pre>proof.by.key</pre>');
    expect(page).toContain('@media print');
  });

  it('names one person who did it alone', () => {
    const alone = { ...ceremony, approved_by: null, proposal: null, proposed_at: null };
    expect(cells(ceremonyPage(alone))).toContainEqual(['by', 'alice, alone']);
  });

  it('needs nothing from elsewhere, and runs nothing', () => {
    const page = ceremonyPage(ceremony);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|\bsrc=|\bhref=|url\(|@import/i);
  });

  it('shows all text as text, whoever wrote it', () => {
    const evil = `<script>alert("1")</script>'&\u202e`;
    const poison = (value: unknown): unknown => {
      if (typeof value === 'string') return evil;
      if (Array.isArray(value)) return value.map(poison);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, poison(of)]));
    };
    const page = ceremonyPage({
      ...(poison(ceremony) as CeremonyAnswer),
      keys: [{ ...(poison(key) as typeof key), attributes: { [evil]: evil } as never }],
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u202e');
    const tags = (of: string) => [...new Set(of.match(/<[^<>]*>/g))].sort();
    expect(tags(page)).toEqual(tags(ceremonyPage(ceremony)));
  });
});

describe('html', () => {
  it('escapes what is put in, and not what it made itself', () => {
    expect(html`<p title="${`"'`}">${'a & b <i>'}</p>${[html`<b>${1}</b>`, html`<i></i>`]}`.toString()).toBe(
      '<p title="&quot;&#39;">a &amp; b &lt;i&gt;</p><b>1</b>\n<i></i>',
    );
  });
});
