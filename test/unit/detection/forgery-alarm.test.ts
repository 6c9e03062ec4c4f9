import { beforeEach, describe, expect, it } from 'vitest';
import { createForgeryAlarm } from '../../../src/detection/alarms.ts';
import type { Forgery } from '../../../src/kernel/activity.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { aScope } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const scope = aScope({ id: 'payments' });
const forgery = (n: number, changes: Partial<Forgery> = {}): Forgery => ({
  scope,
  kid: 'kid-1',
  digest: Buffer.alloc(32, n),
  header: { alg: 'ES256', kid: 'kid-1' },
  claims: { sub: 'mallory', jti: 'jti-1' },
  record: undefined,
  ...changes,
});

let now: number;
let raised: SecurityEventReport[];
let later: SecurityEventReport[];
let suspended: unknown[][];
let failures: unknown[][];
let storeAway: Error | undefined;
let alarm: ReturnType<typeof createForgeryAlarm>;
beforeEach(() => {
  now = NOW;
  raised = [];
  later = [];
  suspended = [];
  failures = [];
  storeAway = undefined;
  alarm = createForgeryAlarm({
    clock: { nowSeconds: () => now },
    events: {
      raise: async (report) => {
        if (storeAway) throw storeAway;
        raised.push(report);
        return true;
      },
    },
    raiser: { raise: (report) => void later.push(report) },
    suspender: {
      suspend: async (...of) => {
        suspended.push(of);
        if (storeAway) throw storeAway;
        return undefined;
      },
    },
    onFailure: (...of) => failures.push(of),
  });
});

describe('a forged token', () => {
  it('is told with header and claims, and what is on record instead', async () => {
    await alarm.forged(forgery(1, { record: issuanceRecord(7) }));
    const digest = Buffer.alloc(32, 1).toString('base64url');
    expect(raised).toEqual([
      {
        type: 'token.never_issued',
        severity: 'critical',
        dedupKey: JSON.stringify([digest]),
        subject: 'key:kid-1',
        evidence: {
          scope: 'payments',
          kid: 'kid-1',
          digest,
          header: { alg: 'ES256', kid: 'kid-1' },
          claims: { sub: 'mallory', jti: 'jti-1' },
          record: {
            scope: 'payments',
            kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
            jti: 'jti-7',
            client: 'payments-identity',
            iat: 1_760_000_007,
            exp: 1_760_000_307,
          },
        },
      },
    ]);
  });

  it('is told once, and another one by itself', async () => {
    for (const n of [1, 1, 2, 1]) await alarm.forged(forgery(n));
    expect(raised).toHaveLength(2);
  });

  it('is told later, or when it is shown again, where it could not be stored, and nobody who asks is told of that', async () => {
    storeAway = new Error('disk full');
    await alarm.forged(forgery(1));
    const of = { kid: 'kid-1', event: 'token.never_issued' };
    expect(failures).toEqual([[storeAway, 'raise', of]]);
    expect(later.map(({ type }) => type)).toEqual(['token.never_issued']);
    storeAway = undefined;
    await alarm.forged(forgery(1));
    expect(raised).toHaveLength(1);
  });

  it('is one of at most sixty a minute that are told of one key', async () => {
    for (let n = 0; n < 70; n++) await alarm.forged(forgery(n));
    expect(raised).toHaveLength(60);
    await alarm.forged(forgery(100, { kid: 'kid-2' }));
    expect(raised).toHaveLength(61);
    now = NOW + 60;
    await alarm.forged(forgery(101));
    expect(raised).toHaveLength(62);
  });
});

const strict = { ...scope, policy: { ...DEFAULT_POLICY, suspendOnForgery: true } };

describe('a token that is forged unless its record is lost', () => {
  it('is told once with header and claims, and leaves the key in use', async () => {
    const { record, ...token } = forgery(1, { scope: strict });
    for (const _ of [1, 2]) await alarm.unproven(token);
    const digest = Buffer.alloc(32, 1).toString('base64url');
    const { header, claims } = token;
    expect(raised).toEqual([
      {
        type: 'token.unproven',
        severity: 'critical',
        dedupKey: JSON.stringify([digest]),
        subject: 'key:kid-1',
        evidence: { scope: 'payments', kid: 'kid-1', digest, header, claims },
      },
    ]);
    expect(suspended).toEqual([]);
  });

  it('is one of at most sixty a minute of one key, which cost no event of a forgery', async () => {
    for (let n = 0; n < 70; n++) await alarm.unproven(forgery(n));
    expect(raised).toHaveLength(60);
    await alarm.forged(forgery(1));
    expect(raised).toHaveLength(61);
  });
});

describe('the key of a forged token', () => {
  it('stays in use unless the policy says otherwise', async () => {
    await alarm.forged(forgery(1));
    expect(suspended).toEqual([]);
  });

  it('is suspended where it does, each time, in case the time before was cut short', async () => {
    await alarm.forged(forgery(1, { scope: strict }));
    await alarm.forged(forgery(1, { scope: strict }));
    const why = 'a token with its signature was never issued';
    const keyward = { operatorId: 'keyward', requestId: null };
    expect(suspended).toEqual([
      ['kid-1', why, keyward],
      ['kid-1', why, keyward],
    ]);
    expect(raised).toHaveLength(1);
  });

  it('is suspended even if nothing can be told, and each failure is reported', async () => {
    storeAway = new Error('disk full');
    await alarm.forged(forgery(1, { scope: strict }));
    expect(suspended).toHaveLength(1);
    const of = { kid: 'kid-1', event: 'token.never_issued' };
    expect(failures).toEqual([
      [storeAway, 'raise', of],
      [storeAway, 'suspend', of],
    ]);
  });
});
