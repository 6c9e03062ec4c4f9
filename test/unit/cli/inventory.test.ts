import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const sound = {
  hsm_token: 'primary',
  taken_at: NOW - 60,
  token: { label: 'keyward', serial: '42', manufacturer: 'Acme', model: 'HSM 2', firmware: '2.6' },
  objects: 8,
  expected: 2,
  proven: 2,
  findings: [],
  omitted: 0,
};
const leftover = { kind: 'leftover', hsm_id: 'cd', kid: null, scope: 'mail', details: ['public key'] };
const differing = {
  ...sound,
  hsm_token: 'issuer-b',
  proven: 1,
  findings: [
    { kind: 'changed', hsm_id: 'ab', kid: 'kid-1', scope: 'payments', details: ['first', 'second'] },
    leftover,
  ],
  omitted: 3,
};
const away = [{ hsm_token: 'c', code: 'hsm_unavailable', detail: 'the HSM is away; try again' }];

let folder: ReturnType<typeof temporaryFolder>;
let stub: Awaited<ReturnType<typeof operationsStub>>;
let answer: object;
beforeAll(async () => {
  folder = temporaryFolder();
  stub = await operationsStub({
    get 'POST /inventory'() {
      return [200, answer] as const;
    },
    get 'GET /inventory'() {
      return [200, answer] as const;
    },
  });
  writeFileSync(join(folder.path, 'operator'), `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.splice(0);
  answer = { inventories: [sound], away: [] };
});

const keyward = (...argv: string[]) =>
  call(['--url', stub.url, '--credential-file', join(folder.path, 'operator'), 'hsm', 'inventory', ...argv]);

describe('hsm inventory', () => {
  it('ends with 0 where an HSM token holds what the registry says', async () => {
    const { exitCode, out } = await keyward();
    expect(stub.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/inventory', {}],
    ]);
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        'HSM token  primary',
        'label      keyward (serial 42)',
        'device     Acme HSM 2, firmware 2.6',
        'looked at  2026-11-23 19:59:00Z (1 minute ago)',
        'keys       2 of 2 proven',
        'objects    8',
        '',
        'It holds what the registry says, and nothing else.',
        '',
      ].join('\n'),
    );
  });

  it('ends with 1 where it differs, and shows each finding with what is known of it', async () => {
    answer = { inventories: [sound, differing], away: [] };
    const { exitCode, out } = await keyward('--token', 'issuer-b');
    expect(stub.seen[0]?.body).toEqual({ hsm_token: 'issuer-b' });
    expect(exitCode).toBe(1);
    expect(out.split('\n\n').slice(1)).toEqual([
      [
        'FINDING   KID    SCOPE     HSM ID  DETAILS',
        'changed   kid-1  payments  ab      first; second',
        'leftover  -      mail      cd      public key',
      ].join('\n'),
      'and 3 more\n',
    ]);
  });

  it('ends with 0 where all that differs is known, and with 1 where a token is away', async () => {
    answer = { inventories: [{ ...sound, findings: [leftover] }], away: [] };
    expect((await keyward()).exitCode).toBe(0);
    answer = { inventories: [sound], away };
    const { exitCode, out } = await keyward();
    expect([exitCode, out.trimEnd().split('\n').at(-1)]).toEqual([1, 'c: the HSM is away; try again']);
  });

  it('shows the last look without another, and JSON as the service answered', async () => {
    answer = { inventories: [sound] };
    const { exitCode, out } = await keyward('--last', '--json');
    expect(stub.seen.map(({ method }) => method)).toEqual(['GET']);
    expect([exitCode, JSON.parse(out)]).toEqual([0, answer]);
  });
});
