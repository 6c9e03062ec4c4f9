import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keyward, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const current = {
  scope: 'payments',
  client: 'payments-relying',
  instance: 'web-1',
  connected_since: NOW - 60,
  version: 3,
  version_since: NOW - 60,
  published_version: 3,
  lags_for_seconds: null,
  last_seen: NOW,
};
const verifiers = [
  current,
  { ...current, instance: 'web-2', version: 2, lags_for_seconds: 70 },
  { ...current, instance: 'web-3', connected_since: null, version: null, version_since: null },
];

const keys = [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'registry', alg: 'ES256', use: 'sig' }];

const list = (...argv: string[]) => run('list', ...argv);

async function run(verb: string, ...argv: string[]) {
  const folder = temporaryFolder();
  const stub = await operationsStub({
    'GET /verifiers': [200, { verifiers: [] }],
    'GET /verifiers?scope=payments': [200, { verifiers }],
    'GET /key-set-signers': [200, { keys }],
  });
  writeFileSync(join(folder.path, 'operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  onTestFinished(async () => {
    await stub.close();
    folder.remove();
  });
  const credential = join(folder.path, 'operator');
  return keyward(['verifier', verb, ...argv, '--url', stub.url, '--credential-file', credential]);
}

test('verifiers are listed with the key set that each holds', async () => {
  const { out, exitCode } = await list('--scope', 'payments');
  expect([exitCode, out.split('\n')]).toEqual([
    0,
    [
      'SCOPE     CLIENT            INSTANCE  CONNECTED SINCE                      HOLDS  PUBLISHED  STATE          LAST SEEN',
      'payments  payments-relying  web-1     2026-11-23 19:59:00Z (1 minute ago)  3      3          current        2026-11-23 20:00:00Z (now)',
      'payments  payments-relying  web-2     2026-11-23 19:59:00Z (1 minute ago)  2      3          lags for 70 s  2026-11-23 20:00:00Z (now)',
      'payments  payments-relying  web-3     -                                    -      3          away           2026-11-23 20:00:00Z (now)',
      '',
    ],
  ]);
});

test('where there is none, it is said', async () => {
  expect((await list()).out).toBe(
    'no verifier has followed events or acknowledged a key set since the start\n',
  );
});

test('--json prints what the service answered', async () => {
  expect(JSON.parse((await list('--scope', 'payments', '--json')).out)).toEqual({ verifiers });
});

test('the keys to pin are printed as a verifier takes them', async () => {
  expect(JSON.parse((await run('pins')).out)).toEqual(keys);
  expect(JSON.parse((await run('pins', '--json')).out)).toEqual({ keys });
});
