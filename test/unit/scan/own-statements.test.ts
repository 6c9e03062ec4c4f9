import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AttributesRead } from '../../../src/kernel/key-proof.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { composeBindingRecord } from '../../../src/token/binding-record.ts';
import { composeCheckpoint } from '../../../src/token/checkpoint.ts';
import { composeKeyEvidence } from '../../../src/token/key-evidence.ts';
import { composeKeyProof } from '../../../src/token/key-proof.ts';
import { parseSigningInput } from '../../../src/token/parse-token.ts';
import { composePublishedPolicy, KEY_SET_TYP } from '../../../src/token/published-key-set.ts';
import { composeProbe } from '../../../src/token/registry-statement.ts';
import { composeRunCertificate } from '../../../src/token/run-certificate.ts';
import { composeSigningInput, digestOf } from '../../../src/token/signing-input.ts';
import { keyward, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { scanned, tokenLike } from '../../support/plant.ts';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const SIGNATURE = Buffer.alloc(64, 7).toString('base64url');
const HASH = Buffer.alloc(32, 1);
const signed = (signingInput: string) => `${signingInput}.${SIGNATURE}`;

const BINDING = signed(
  composeBindingRecord(
    {
      kid: KID,
      scope: 'payments',
      issuer: 'https://id.example',
      audience: 'https://payments.example',
      algorithm: 'ES256',
      hsmId: 'AAAA',
      signFrom: NOW,
      signUntil: NOW + 9_000,
      maxTtlSeconds: 300,
    },
    KID,
    NOW,
  ),
);
const PROOF = signed(
  composeKeyProof({
    kid: KID,
    algorithm: 'ES256',
    iat: NOW,
    nonce: 'n',
    hsmId: 'AAAA',
    bindingRecord: BINDING,
    mechanism: { name: 'CKM_EC_KEY_PAIR_GEN', number: 0x1040 },
    attributes: { sensitive: true } as unknown as AttributesRead,
    token: { label: 'l', serial: 's', manufacturer: 'm', model: 'o', firmware: 'f' },
  }),
);
const evidence = (proof: string) =>
  signed(
    composeKeyEvidence(
      { iat: NOW, publicJwk: {}, proof, bindingRecord: BINDING, state: 'active', hsmToken: 'primary' },
      KID,
    ),
  );
const head = { sequence: 1, hash: HASH };
const heads = { audit: head, ledger: head, registry: head };
const keySet = {
  iss: 'https://id.example',
  sub: 'payments',
  iat: NOW,
  exp: NOW + 600,
  version: 1,
  keys: [],
  kw_policy: composePublishedPolicy(DEFAULT_POLICY),
};
const STATEMENTS: Readonly<Record<string, string>> = {
  'a binding record': BINDING,
  'a proof': PROOF,
  'an evidence statement': evidence(PROOF),
  'a checkpoint': signed(composeCheckpoint({ number: 1, previous: HASH, time: NOW, heads }, KID)),
  'a key set': signed(
    composeSigningInput({ alg: 'ES256', typ: KEY_SET_TYP, kid: KID }, JSON.stringify(keySet)),
  ),
  'a probe of the HSM': signed(composeProbe(KID, NOW)),
  'the certificate of a run': signed(
    composeRunCertificate({ id: 'a'.repeat(8), publicKey: 'k', startedAt: NOW }, NOW, KID),
  ),
};

type Members = Record<string, unknown>;

/** As `text`, with another header and other claims. */
function changed(text: string, change: (header: Members, claims: Members) => unknown): string {
  const parsed = parseSigningInput(text.slice(0, text.lastIndexOf('.')));
  if (!parsed.ok) throw new Error(parsed.problem);
  const [header, claims]: Members[] = [{ ...parsed.token.header }, { ...parsed.token.claims }];
  change(header ?? {}, claims ?? {});
  const part = (of: unknown) => Buffer.from(JSON.stringify(of)).toString('base64url');
  return `${part(header)}.${part(claims)}.${SIGNATURE}`;
}

const seen = async (text: string) =>
  (await scanned(text)).map(({ sight }) => (sight.kind === 'token' ? sight.isStatement : sight.kind));

describe.each(Object.entries(STATEMENTS))('%s', (_, text) => {
  it('is known', async () => {
    expect(await seen(`"${text}"`)).toContain(true);
    expect(await seen(text)).not.toContain(false);
  });

  it.each<[string, (header: Members, claims: Members) => unknown]>([
    ['of the type of a token', (header) => Object.assign(header, { typ: 'at+jwt' })],
    ['of no type', (header) => Reflect.deleteProperty(header, 'typ')],
    ['of its type in capitals', (header) => Object.assign(header, { typ: String(header.typ).toUpperCase() })],
    [
      'of another type of statement',
      (header) =>
        Object.assign(header, { typ: header.typ === 'kw-probe+jwt' ? KEY_SET_TYP : 'kw-probe+jwt' }),
    ],
    ['with a further header', (header) => Object.assign(header, { cty: 'JWT' })],
    ['with a subject', (_header, claims) => Object.assign(claims, { client_id: 'web' })],
    [
      'with the claims of a token',
      (_header, claims) => {
        for (const name of Object.keys(claims)) Reflect.deleteProperty(claims, name);
        Object.assign(claims, {
          iss: 'https://id.example',
          aud: 'x',
          sub: 'a',
          iat: NOW,
          exp: NOW + 300,
          jti: 'j',
        });
      },
    ],
  ])('that is forged, %s, is a token', async (_what, change) => {
    expect(await seen(changed(text, change))).toContain(false);
  });
});

it('a proof that is not over as it begins is a token', async () => {
  expect(await seen(changed(PROOF, (_, claims) => Object.assign(claims, { exp: NOW + 300 })))).toEqual([
    false,
  ]);
});

it('a live token within a statement is found', async () => {
  expect(await seen(evidence(tokenLike()))).toContain(false);
});

describe('keyward scan', () => {
  const put = (...texts: string[]) => {
    const file = join(folderOfTest(), 'audit.jsonl');
    writeFileSync(file, texts.join('\n'));
    return file;
  };
  const [first = '', ...others] = Object.values(STATEMENTS);

  it('passes statements over, counts each once, and finds the token among them', async () => {
    const checkpoint = STATEMENTS['a checkpoint'] ?? '';
    const file = put(checkpoint, PROOF, checkpoint);
    const { exitCode, out } = await keyward(['scan', '--offline', file]);
    expect([exitCode, out]).toEqual([
      0,
      expect.stringMatching(
        /^nothing found: 1 file, \d+ bytes read, 2 statements of Keyward’s own passed over\n$/,
      ),
    ]);
    const live = put(checkpoint, tokenLike({ iat: NOW, exp: NOW + 300, sub: 'x' }));
    const found = await keyward(['scan', '--offline', '--json', live]);
    expect(found.exitCode).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({
      findings: [{ kind: 'token_unchecked', line: 2 }],
      statements: 1,
    });
  });

  it('says it in SARIF, and nothing where there was none', async () => {
    const notes = async (file: string) => {
      const { out } = await keyward(['scan', '--offline', '--sarif', file]);
      const [run] = JSON.parse(out).runs;
      return run.invocations[0].toolExecutionNotifications.map(({ message }: { message: object }) => message);
    };
    expect(await notes(put(first, ...others))).toEqual([
      { text: expect.stringMatching(/^\d+ statements of Keyward’s own passed over$/) },
    ]);
    expect(await notes(put('nothing'))).toEqual([]);
  });

  it('believes the ledger rather than the type: what is on record is a finding', async () => {
    const checkpoint = STATEMENTS['a checkpoint'] ?? '';
    const digest = digestOf(checkpoint.slice(0, checkpoint.lastIndexOf('.'))).toString('base64url');
    const known = { digest, scope: 'payments', client: 'web', kid: KID, live: true };
    const stub = await operationsStub({ 'POST /leaks/digests': [200, { credentials: [], tokens: [known] }] });
    const credentialFile = join(folderOfTest(), 'operator');
    writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
    const argv = ['--json', '--url', stub.url, '--credential-file', credentialFile];
    const { out } = await keyward(['scan', put(checkpoint, PROOF), ...argv]);
    await stub.close();
    expect(JSON.parse(out)).toMatchObject({ findings: [{ kind: 'token_live' }], statements: 1 });
  });
});
