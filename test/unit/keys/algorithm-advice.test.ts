import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import { policyRepresentation } from '../../../src/keys/policy-schema.ts';
import { keyward, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';

const chat = {
  id: 'chat',
  issuer: 'https://id.example',
  audience: 'chat',
  algorithm: 'EdDSA',
  modulus_bits: null,
  hsm_token: 'primary',
  standby_token: null,
  policy: policyRepresentation(DEFAULT_POLICY),
  contacts: [],
  created_at: NOW,
  rotation_pause: null,
};
const ADVICE =
  'warning: scope chat: few libraries read the name Ed25519 (4 of 21), most read EdDSA for the same algorithm (14 of 21); it never changes, so keep it only where every verifier reads it\n';

async function calling(argv: readonly string[], file?: string) {
  const folder = folderOfTest();
  const [credential, scopes] = [join(folder, 'operator'), join(folder, 'scopes.yaml')];
  const stub = await operationsStub({
    'GET /scopes': [200, { scopes: [] }],
    'GET /clients': [200, { clients: [] }],
    'GET /proposals?state=open&limit=1000': [200, { proposals: [], next: null }],
    'POST /scopes': [201, { scope: chat, keys: [] }],
  });
  writeFileSync(credential, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  if (file !== undefined) writeFileSync(scopes, file);
  try {
    const named = file === undefined ? argv : [...argv, '-f', scopes];
    const { err } = await keyward([...named, '--url', stub.url, '--credential-file', credential]);
    return { err, made: stub.seen.filter(({ method }) => method === 'POST').map(({ body }) => body) };
  } finally {
    await stub.close();
  }
}

const create = (...more: string[]) =>
  calling(['scope', 'create', 'chat', '--issuer', 'https://id.example', '--audience', 'chat', ...more]);
const written = (algorithm: string) =>
  `scopes:\n  chat: { issuer: 'https://id.example', audience: chat${algorithm} }\n`;

it.each([
  [['--algorithm', 'Ed25519'], ADVICE],
  [['--algorithm', 'EdDSA'], ''],
  [['--algorithm', 'ES256'], ''],
  [[], ''],
])('creating a scope with %j', async (options, err) => {
  const asked = await create(...options);
  expect(asked).toEqual({ err, made: [expect.objectContaining({ id: 'chat' })] });
});

it.each(['plan', 'apply'])('%s says it of the scopes that it would make', async (verb) => {
  expect((await calling([verb], written(', algorithm: Ed25519'))).err).toBe(ADVICE);
  for (const algorithm of ['', ', algorithm: EdDSA', ', algorithm: ES256']) {
    expect((await calling([verb], written(algorithm))).err).toBe('');
  }
});

it('the help says which name is read', async () => {
  const { out } = await keyward(['scope', 'create', '--help']);
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    '`EdDSA` and `Ed25519` (RFC 9864) are one algorithm under two names: most libraries read the first, few the second',
  );
});

it('what is not said otherwise is read by every library', async () => {
  const { made } = await create();
  expect(made).toEqual([expect.not.objectContaining({ algorithm: expect.anything() })]);
});
