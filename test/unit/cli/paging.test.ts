import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyward as call } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const rule = (sequence: number) => ({
  sequence,
  scope: 'payments',
  jti: `jti-${sequence}`,
  root: null,
  client: null,
  issued_from: null,
  issued_until: null,
  created_at: 1_795_463_940,
  lapses_at: null,
  revoked_by: 'ada',
  reason: '',
});
const page = (sequences: readonly number[], next: number | null) =>
  [200, { revocations: sequences.map(rule), next }] as const;

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /revocations': page([5, 4], 4),
    'GET /revocations?after=4&limit=2': page([3, 2], 2),
    'GET /revocations?limit=1000': page([5, 4], 4),
    'GET /revocations?limit=1000&after=4': page([3, 2], 2),
    'GET /revocations?limit=1000&after=2': page([1], null),
    'GET /revocations?after=4&limit=1000': page([3, 2, 1], null),
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

const list = (...argv: string[]) =>
  call(['revocation', 'list', ...argv, '--url', stub.url, '--credential-file', credentialFile]);
const MORE = 'There is more: --after';

describe('a list in pages', () => {
  it('says how to go on where there is more, and nothing at the end', async () => {
    expect((await list()).out).toMatch(/\n\nThere is more: --after 4, or --all\n$/);
    expect((await list('--after', '4', '--limit', '2')).out).toContain(`${MORE} 2, or --all`);
    expect((await list('--all', '--after', '4')).out).not.toContain(MORE);
  });

  it('comes whole with --all, page after page', async () => {
    const { out } = await list('--all', '--json');
    const { revocations, next } = JSON.parse(out);
    expect(revocations.map(({ sequence }: { sequence: number }) => sequence)).toEqual([5, 4, 3, 2, 1]);
    expect([next, stub.seen.length]).toEqual([null, 3]);
  });

  it('is not asked for whole and in part at once', async () => {
    expect(await list('--all', '--limit', '2')).toMatchObject({ exitCode: 2, out: '' });
    expect(stub.seen).toEqual([]);
  });
});
