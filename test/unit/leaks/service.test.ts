import { describe, expect, it, vi } from 'vitest';
import type { CredentialHolders } from '../../../src/access/partners.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import type { LeakPlace } from '../../../src/kernel/credential.ts';
import type { RecordedToken } from '../../../src/kernel/issuance.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createLeakService } from '../../../src/leaks/service.ts';
import { scopesOfEvent } from '../../../src/notifications/configured.ts';
import { ACTIVE_KEY, NOW } from '../../support/payments.ts';

const RECORD: RecordedToken = {
  digest: Buffer.alloc(32, 1),
  scopeId: 'payments',
  kid: 'kid-1',
  jti: 'jti-1',
  clientId: 'identity',
  subject: 'user-1',
  root: null,
  traceId: null,
  iat: NOW - 10,
  exp: NOW + 290,
};
const HOLDERS: Record<string, ReturnType<CredentialHolders['holderOf']>> = {
  '02': { kind: 'svc', id: 'identity', opens: true, scopes: ['mail', 'payments'] },
  '03': { kind: 'ops', id: 'ada', opens: true, scopes: [] },
  '04': { kind: 'svc', id: 'former', opens: false, scopes: ['payments'] },
};
const PLACE: LeakPlace = {
  place: 'https://code.example/1',
  source: 'commit',
  reportedBy: 'partner:codehost',
};
const ACTOR = { operatorId: 'partner:codehost', requestId: 'r-1' };

function service(changes: { record?: Partial<RecordedToken>; revoked?: boolean; state?: string } = {}) {
  const raised: SecurityEventReport[] = [];
  const audited: AuditEvent[] = [];
  const revoked: string[] = [];
  let now = NOW;
  const state = changes.state as (typeof ACTIVE_KEY)['state'] | undefined;
  const made = createLeakService({
    holders: { holderOf: (digest) => HOLDERS[digest.toString('hex').slice(0, 2)] },
    ledger: {
      find: async (digest) => (digest.equals(RECORD.digest) ? { ...RECORD, ...changes.record } : undefined),
    },
    revocations: { covers: () => changes.revoked === true },
    keyRing: {
      keyNamed: () => (state === 'destroyed' ? undefined : { ...ACTIVE_KEY, ...(state ? { state } : {}) }),
    },
    clock: { nowSeconds: () => now },
    clients: { revoke: vi.fn(async (id) => void revoked.push(`client:${id}`) as never) },
    operators: { revoke: vi.fn(async (id) => void revoked.push(`operator:${id}`) as never) },
    revoker: { revokeToken: async ({ scopeId, jti }) => void revoked.push(`${scopeId}/${jti}`) },
    events: { raise: async (report) => raised.push(report) > 0 },
    audit: { record: async (event) => void audited.push(event) },
  });
  const pass = (seconds: number) => {
    now += seconds;
  };
  return { ...made, raised, revoked, audited, pass };
}

const credential = (byte: number) => ({ of: 'credential', digest: Buffer.alloc(32, byte) }) as const;
const token = (byte = 1) => ({ of: 'token', digest: Buffer.alloc(32, byte), iat: NOW - 10 }) as const;

describe('what is known of a string', () => {
  it('is told in the order asked', async () => {
    const known = await service().find([token(), credential(3), credential(9), token(9), credential(4)]);
    expect(known.map((each) => each && [each.kind, each.live])).toEqual([
      ['token', true],
      ['operator_credential', true],
      undefined,
      undefined,
      ['client_credential', false],
    ]);
  });

  it.each([
    ['in its last second', { record: { exp: NOW + 1 } }, true],
    ['expired', { record: { exp: NOW } }, false],
    ['revoked', { revoked: true }, false],
    ['of a key that signs no more', { state: 'deactivated' }, true],
    ['of a suspended key', { state: 'suspended' }, false],
    ['of a compromised key', { state: 'compromised' }, false],
    ['of a key that is gone', { state: 'destroyed' }, false],
  ])('of a token says whether it is accepted: %s', async (_, changes, live) => {
    const [known] = await service(changes).find([token()]);
    expect(known?.live).toBe(live);
  });
});

describe('a look-up by an operator', () => {
  it('is written down with how many were asked for and how many are known; what asks for nothing is not', async () => {
    const leaks = service();
    const by = { reportedBy: 'operator:ada', remote: undefined, requestId: 'r-2', places: [] };
    const actor = { operatorId: 'ada', requestId: 'r-2' };
    const sought = [token(), credential(3), credential(9)];
    expect(await leaks.lookUp(sought, by, actor)).toEqual(await leaks.find(sought));
    expect(await leaks.lookUp([], by, actor)).toEqual([]);
    expect(leaks.audited).toEqual([
      {
        type: 'leaks.looked_up',
        actor: 'ada',
        subject: 'leaks',
        requestId: 'r-2',
        details: { credentials: 2, tokens: 1, known: 2 },
      },
    ]);
    expect(leaks.raised).toEqual([]);
  });
});

describe('a PIN that an operator reports', () => {
  const actor = { operatorId: 'ada', requestId: 'r-3' };
  const digest = Buffer.alloc(32, 7);

  it('is an event by its shape, known by its digest, without a look-up', async () => {
    const leaks = service();
    await leaks.reportPins([{ digest, place: '.env at byte 9', source: 'scan' }], actor);
    const evidence = {
      leaked: 'pin',
      holder: null,
      scope: null,
      scopes: [],
      kid: null,
      leaked_digest: digest.toString('base64url'),
      since: null,
      leaked_at: '.env at byte 9',
      source: 'scan',
      reported_by: 'ada',
      reporter: 'operator',
      withdrawn: false,
    };
    expect(leaks.raised).toMatchObject([
      { type: 'credential.leaked', severity: 'critical', subject: 'hsm', evidence },
    ]);
    expect(leaks.audited).toEqual([
      { type: 'pin.reported', actor: 'ada', subject: 'leaks', requestId: 'r-3', details: { pins: 1 } },
    ]);
    expect(leaks.revoked).toEqual([]);
  });

  it('without a digest is an event of its time', async () => {
    const leaks = service();
    await leaks.reportPins([{ digest: null, place: 'core at byte 1', source: 'scan' }], actor);
    expect(leaks.raised).toMatchObject([
      { evidence: { leaked: 'pin', leaked_digest: null, since: NOW, leaked_at: 'core at byte 1' } },
    ]);
  });

  it('is told with all others without a digest, which nothing would tell apart', async () => {
    const leaks = service();
    const without = ['a at byte 1', 'b at byte 2'].map((place) => ({ digest: null, place, source: 'scan' }));
    await leaks.reportPins([...without, { digest, place: '.env', source: 'scan' }], actor);
    expect(leaks.raised).toMatchObject([
      { evidence: { leaked_digest: digest.toString('base64url'), leaked_at: '.env' } },
      { evidence: { leaked_digest: null, leaked_at: 'a at byte 1, b at byte 2' } },
    ]);
  });
});

describe('PINs that a partner reports', () => {
  const pins = (first: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({
      digest: Buffer.alloc(32, first + at),
      place: `https://code.example/${first + at}`,
      source: 'commit',
    }));

  it('are events in its name, and nothing is revoked', async () => {
    const leaks = service();
    await leaks.reportPins(pins(1, 1), ACTOR);
    expect(leaks.raised).toMatchObject([
      {
        subject: 'hsm',
        evidence: {
          leaked: 'pin',
          leaked_digest: Buffer.alloc(32, 1).toString('base64url'),
          since: null,
          leaked_at: 'https://code.example/1',
          source: 'commit',
          reported_by: 'partner:codehost',
          reporter: 'partner',
          withdrawn: false,
        },
      },
    ]);
    expect(leaks.audited).toMatchObject([{ type: 'pin.reported', actor: 'partner:codehost' }]);
    expect(leaks.revoked).toEqual([]);
  });

  it('are ten events a minute and partner, and one for the others of that minute', async () => {
    const leaks = service();
    const keys = () => new Set(leaks.raised.map(({ dedupKey }) => dedupKey)).size;
    const sinceThen = { leaked_digest: null, since: NOW - (NOW % 60) };
    await leaks.reportPins(pins(1, 10), ACTOR);
    expect([keys(), leaks.raised.every(({ evidence }) => evidence.since === null)]).toEqual([10, true]);
    await leaks.reportPins(pins(11, 100), ACTOR);
    await leaks.reportPins(pins(111, 1), ACTOR);
    expect([keys(), leaks.raised.length]).toEqual([11, 12]);
    expect(leaks.raised.slice(10).map(({ evidence }) => evidence)).toMatchObject([
      { ...sinceThen, leaked_at: 'https://code.example/11' },
      { ...sinceThen, leaked_at: 'https://code.example/111' },
    ]);
    await leaks.reportPins(pins(112, 1), { ...ACTOR, operatorId: 'partner:other' });
    await leaks.reportPins(pins(113, 11), { operatorId: 'ada', requestId: 'r-4' });
    expect(leaks.raised.slice(12).every(({ evidence }) => evidence.leaked_digest !== null)).toBe(true);
    leaks.pass(60);
    await leaks.reportPins(pins(150, 1), ACTOR);
    expect(leaks.raised.at(-1)?.evidence.leaked_digest).toBe(Buffer.alloc(32, 150).toString('base64url'));
  });
});

describe('a leak', () => {
  it.each([
    ['a token', token(), 'payments/jti-1', 'client:identity', ['payments']],
    ['a client', credential(2), 'client:identity', 'client:identity', ['mail', 'payments']],
    ['an operator', credential(3), 'operator:ada', 'operator:ada', []],
  ] as const)(
    'of %s revokes it and raises an event for the scopes',
    async (_, sought, revoked, holder, scopes) => {
      const leaks = service();
      const [known] = await leaks.find([sought]);
      if (!known) throw new Error('not found');
      await leaks.withdraw(known, PLACE, ACTOR);
      expect(leaks.revoked).toEqual([revoked]);
      expect(leaks.raised).toMatchObject([
        {
          type: 'credential.leaked',
          severity: 'critical',
          subject: holder,
          evidence: {
            holder,
            scopes,
            leaked_at: PLACE.place,
            reported_by: 'partner:codehost',
            withdrawn: true,
          },
        },
      ]);
      expect(
        scopesOfEvent({ subject: holder, evidence: leaks.raised[0]?.evidence ?? {} }, () => undefined),
      ).toEqual(scopes);
    },
  );

  it('of what opens nothing any more revokes nothing, and is told all the same', async () => {
    const leaks = service({ revoked: true });
    for (const sought of [credential(4), token()]) {
      const [known] = await leaks.find([sought]);
      if (known) await leaks.withdraw(known, PLACE, ACTOR);
    }
    expect([leaks.revoked, leaks.raised.length]).toEqual([[], 2]);
  });

  it('that is only told revokes nothing, and hides no later word of a partner or of a person', async () => {
    const leaks = service();
    const [known] = await leaks.find([token()]);
    if (!known) throw new Error('not found');
    const reportAll = async () => {
      await leaks.report(known, { ...PLACE, source: 'scan', reportedBy: 'ada' });
      await leaks.withdraw(known, { ...PLACE, source: 'report', reportedBy: 'report:A-1' }, ACTOR);
      await leaks.withdraw(known, PLACE, ACTOR);
    };
    await reportAll();
    expect(new Set(leaks.raised.map(({ dedupKey }) => dedupKey)).size).toBe(3);
    expect(leaks.raised.map(({ evidence }) => [evidence.reporter, evidence.withdrawn])).toEqual([
      ['operator', false],
      ['person', true],
      ['partner', true],
    ]);
    await reportAll();
    expect(new Set(leaks.raised.map(({ dedupKey }) => dedupKey)).size).toBe(3);
  });
});
