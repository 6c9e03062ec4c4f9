import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyward, NOW } from '../../support/command-line.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { operationsStub } from '../../support/operations-stub.ts';

const NONE = { listed: [], more: 0 };
const DIGEST = 'D'.repeat(43);
const period = { from: NOW - 604_800, to: NOW, first_event: 7, last_event: 90, more: true };
const current = {
  review: {
    period,
    new_callers: {
      listed: [{ caller: 'client:web', at: NOW - 60, by: 'alice', approved_by: 'bob' }],
      more: 0,
    },
    new_sources: NONE,
    denied: {
      listed: [
        { caller: null, what: 'plane:data', code: 'credential_invalid', count: 12, remotes: ['10.0.0.1'] },
      ],
      more: 3,
    },
    volume: {
      listed: [
        { client: 'web', scope: 'payments', tokens: 250, before: 100 },
        { client: 'new', scope: 'payments', tokens: 20, before: 0 },
        { client: 'old', scope: 'payments', tokens: 20, before: null },
      ],
      more: 0,
    },
    odd_hours: NONE,
    ledger_counted_from: NOW - 86_400,
    acts: { listed: [{ type: 'client.created', count: 1, by: ['alice', 'carol'], last_at: NOW }], more: 0 },
    unresolved: {
      listed: [
        {
          sequence: 4,
          type: 'token.cross_scope',
          severity: 'warning',
          subject: 'key:k',
          state: 'open',
          raised_at: NOW,
        },
      ],
      more: 0,
    },
  },
  digest: DIGEST,
  acts: 5,
  own_acts: 2,
  covered_until: NOW - 604_800,
  overdue_at: NOW,
};
const signed = {
  period,
  digest: DIGEST,
  note: 'nothing',
  acts: 5,
  own_acts: 2,
  signed_off_by: 'bob',
  signed_off_at: NOW,
};

async function calling(...argv: string[]) {
  const file = join(folderOfTest(), 'operator');
  const list = { covered_until: NOW - 60, overdue_at: NOW - 1 };
  const stub = await operationsStub({
    'GET /reviews/current': [200, current],
    'POST /reviews': [201, { review: signed }],
    'GET /reviews': [200, { reviews: [signed], ...list }],
  });
  writeFileSync(file, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  try {
    const result = await keyward(['review', ...argv, '--url', stub.url, '--credential-file', file]);
    return { ...result, seen: stub.seen.map(({ body }) => body) };
  } finally {
    await stub.close();
  }
}

it('shows a table for each kind, what is left out, and what is to be known of it', async () => {
  const { out, exitCode } = await calling();
  expect(exitCode).toBe(0);
  expect(out.split('\n')).toEqual([
    'review of 2026-11-16 20:00:00Z to 2026-11-23 20:00:00Z, events 7 to 90 of the audit trail',
    '',
    'Events not resolved',
    'EVENT  SEVERITY  TYPE               SUBJECT  STATE',
    '4      warning   token.cross_scope  key:k    open',
    '',
    'Administrative acts',
    'ACT             TIMES  BY            LAST',
    'client.created  1      alice, carol  2026-11-23 20:00:00Z (now)',
    '',
    'New clients and operators',
    'WHO         ENROLLED                             BY     APPROVED BY',
    'client:web  2026-11-23 19:59:00Z (1 minute ago)  alice  bob',
    '',
    'New sources: none',
    '',
    'Denied attempts',
    'WHO      WHAT        WHY                 TIMES  FROM',
    'unknown  plane:data  credential_invalid  12     10.0.0.1',
    '… and 3 more',
    '',
    'Changes in volume',
    'CLIENT  SCOPE     TOKENS  BEFORE  CHANGE',
    'web     payments  250     100     × 2.50',
    'new     payments  20      0       new',
    'old     payments  20      -       no comparison',
    '',
    'Issued at odd hours: none',
    '',
    'There was too much to count: volumes and odd hours are of what was issued since 2026-11-22 20:00:00Z.',
    '',
    'There is more after it: sign this off, and look again.',
    '',
    '2 of 5 administrative acts are your own: somebody else should look at them.',
    '',
    `digest ${DIGEST}`,
    'sign it off with: keyward review sign-off --note "what you found"',
    '',
  ]);
});

it('signs off, with and without a digest', async () => {
  const { out, exitCode, seen } = await calling('sign-off', '--note', 'nothing');
  expect([exitCode, seen]).toEqual([0, [{ note: 'nothing' }]]);
  expect(out).toContain('acts        5, of them 2 of the reviewer’s own');
  const named = await calling('sign-off', '--note', 'nothing', '--digest', DIGEST);
  expect(named.seen).toEqual([{ note: 'nothing', digest: DIGEST }]);
  expect((await calling('sign-off')).exitCode).toBe(2);
});

it('lists what was signed off, and when the next is overdue', async () => {
  const { out } = await calling('list');
  expect(out.split('\n')).toEqual([
    'SIGNED OFF                  BY   FROM                               TO                          OWN ACTS  NOTE',
    '2026-11-23 20:00:00Z (now)  bob  2026-11-16 20:00:00Z (7 days ago)  2026-11-23 20:00:00Z (now)  2 of 5    nothing',
    '',
    'looked at until  2026-11-23 19:59:00Z (1 minute ago)',
    'overdue          2026-11-23 19:59:59Z (1 second ago)',
    '',
  ]);
});

it('prints what the service answered with --json', async () => {
  expect(JSON.parse((await calling('--json')).out)).toEqual(current);
});
