import { describe, expect, it } from 'vitest';
import { ACT_EVENTS, type ActKeys, eventOfAct } from '../../../src/events/acts.ts';
import { ACT_NAMES, ACTS } from '../../../src/kernel/acts.ts';
import type { StoredEvent } from '../../../src/kernel/audit.ts';
import { DRILL_ISSUER } from '../../../src/kernel/issuance.ts';

const ISSUERS: Readonly<Record<string, string>> = { payments: 'https://login.example', drill: DRILL_ISSUER };
const SCOPE_OF: Readonly<Record<string, string>> = { k1: 'payments', k2: 'drill' };
const keyOf = (kid: string) => ({ key: { kid, scopeId: SCOPE_OF[kid], hsmToken: 'primary' } });
const keys = {
  scope: (id: string) => (id in ISSUERS ? { id, issuer: ISSUERS[id] } : undefined),
  scopes: () => Object.keys(ISSUERS).map((id) => ({ id })),
  knownKey: (kid: string) => (kid in SCOPE_OF ? keyOf(kid) : undefined),
  knownKeysOf: (id: string) => (id === 'payments' ? [keyOf('k1')] : []),
} as unknown as ActKeys;

const audited = (type: string, subject: string, details: object = {}): StoredEvent => ({
  sequence: 17,
  time: 1_760_000_000,
  type,
  actor: 'alice',
  subject,
  requestId: 'req-1',
  traceId: null,
  detailsJson: JSON.stringify(details),
  hash: new Uint8Array(32),
});
const told = (...event: Parameters<typeof audited>) => eventOfAct(audited(...event), keys, false);
const toldOfSingle = (...event: Parameters<typeof audited>) => eventOfAct(audited(...event), keys, true);
const DONE = {
  by: 'alice',
  approved_by: null,
  why: null,
  request_id: 'req-1',
  at: 1_760_000_000,
  audit_event: 17,
};

describe('the acts of the gate', () => {
  it.each(ACT_NAMES)('%s is told by its audit event, or it says why it is not', (act) => {
    const row = ACT_EVENTS[act];
    if ('untold' in row) {
      expect(row.untold).toMatch(/\w+ \w+/);
      return;
    }
    expect(told(row.audited, 'operator:carol')).toMatchObject({
      dedupKey: '[17]',
      evidence: { by: 'alice', audit_event: 17 },
    });
    const approved = { approved_by: 'bob', proposal: 'p1' };
    expect(told(row.audited, 'operator:carol', approved)?.evidence.approved_by).toBe('bob');
  });

  it('are told by an audit event each', () => {
    const types = Object.values(ACT_EVENTS).flatMap((row) => ('audited' in row ? [row.audited] : []));
    expect(new Set(types).size).toBe(types.length);
  });

  it.each(ACT_NAMES.filter((act) => ACTS[act].persons === 2))(
    '%s, which takes two, is at least a warning where one person did it',
    (act) => {
      const row = ACT_EVENTS[act];
      if ('untold' in row) return expect(row.untold).not.toBe('');
      return expect(told(row.audited, 'x:y')?.severity).not.toBe('info');
    },
  );
});

describe('what is told of an act', () => {
  it('a compromise is critical, with who, why and which request', () => {
    const details = { scope: 'payments', why: 'seen in a dump', promoted: 'k3' };
    expect(told('key.compromised', 'key:k1', details)).toEqual({
      type: 'key.compromised',
      severity: 'critical',
      dedupKey: '[17]',
      subject: 'key:k1',
      evidence: { scope: 'payments', kid: 'k1', rehearsal: false, ...DONE, why: 'seen in a dump' },
    });
  });

  it('that of an HSM token names the scopes with keys on it', () => {
    expect(told('hsm.compromised', 'hsm:primary', { why: 'PIN leaked', keys: 3 })).toMatchObject({
      severity: 'critical',
      evidence: { hsm_token: 'primary', scopes: ['payments'] },
    });
  });

  it('a failover names the scopes that go on', () => {
    const details = { why: 'away for 10 seconds', promoted: ['k1', 'gone'], waiting: ['mail'] };
    expect(told('hsm.failed_over', 'hsm:primary', details)).toEqual({
      type: 'hsm.failed_over',
      severity: 'warning',
      dedupKey: '[17]',
      subject: 'hsm:primary',
      evidence: {
        hsm_token: 'primary',
        scopes: ['payments'],
        waiting: ['mail'],
        why: 'away for 10 seconds',
        at: 1_760_000_000,
        audit_event: 17,
      },
    });
  });

  it('what is done to a key of a drill scope is no alarm, whatever reason is given elsewhere', () => {
    const severities = (details: object, kid: string) =>
      ['key.compromised', 'key.suspended', 'key.resumed'].map(
        (type) => told(type, `key:${kid}`, details)?.severity,
      );
    expect(severities({ scope: 'drill', why: 'drill' }, 'k2')).toEqual(['info', 'info', 'info']);
    expect(severities({ why: 'drill' }, 'k2')).toEqual(['info', 'info', 'info']);
    const real = ['critical', 'warning', 'warning'];
    expect(severities({ scope: 'payments', why: 'drill' }, 'k1')).toEqual(real);
    expect(severities({ scope: 'gone', why: 'drill' }, 'k9')).toEqual(real);
  });

  it('operators are a warning always, with their roles', () => {
    const details = { roles: ['operator'], approved_by: 'bob' };
    expect(told('operator.roles_changed', 'operator:carol', details)).toMatchObject({
      type: 'operator.changed',
      severity: 'warning',
      subject: 'operator:carol',
      evidence: { operator: 'carol', act: 'operator.roles', roles: ['operator'], approved_by: 'bob' },
    });
    expect(told('operator.revoked', 'operator:carol')).toMatchObject({
      severity: 'warning',
      evidence: { act: 'operator.revoke', roles: null },
    });
  });

  it('routine is information: what one person may do, and what another approved', () => {
    const grant = { scope: 'payments', action: 'sign' };
    expect(told('grant.withdrawn', 'client:web', grant)).toMatchObject({
      severity: 'info',
      evidence: { client: 'web', act: 'grant.remove', scope: 'payments', action: 'sign', alone: false },
    });
    expect(told('grant.added', 'client:web', { ...grant, approved_by: 'bob' })?.severity).toBe('info');
    expect(told('grant.added', 'client:web', grant)).toMatchObject({
      severity: 'warning',
      evidence: { alone: true, single_operator: false },
    });
  });

  it('what takes two is information where the service is made for one', () => {
    const grant = ['grant.added', 'client:web', { scope: 'payments', action: 'sign' }] as const;
    expect(toldOfSingle(...grant)).toMatchObject({
      severity: 'info',
      evidence: { alone: true, single_operator: true },
    });
    const changed = { was: {}, is: { max_ttl_seconds: 600 }, weakens: ['max_ttl_seconds'] };
    expect(toldOfSingle('scope.changed', 'scope:payments', changed)?.severity).toBe('info');
    expect(toldOfSingle('clock.confirmed', 'clock')?.severity).toBe('info');
    expect(toldOfSingle('operator.created', 'operator:carol')?.severity).toBe('warning');
    expect(toldOfSingle('key.compromised', 'key:k1')?.severity).toBe('critical');
  });

  it('a policy is a warning where one person weakened it', () => {
    const change = { was: { max_ttl_seconds: 300 }, is: { max_ttl_seconds: 600 } };
    const weakened = { ...change, weakens: ['max_ttl_seconds'] };
    const severity = (details: object) => told('scope.changed', 'scope:payments', details)?.severity;
    expect(severity(weakened)).toBe('warning');
    expect(severity({ ...weakened, approved_by: 'bob' })).toBe('info');
    expect(severity({ ...change, weakens: [] })).toBe('info');
    expect(told('scope.changed', 'scope:payments', weakened)?.evidence.details).toEqual(['max_ttl_seconds']);
  });

  it('a pause says until when, and why', () => {
    const details = { was: null, is: { until: 1_770_000_000, reason: 'the HSM moves' } };
    expect(told('rotation.paused', 'scope:payments', details)).toMatchObject({
      severity: 'warning',
      evidence: { scope: 'payments', paused_until: 1_770_000_000, why: 'the HSM moves' },
    });
  });

  it.each([
    ['scope:payments', {}, 'payments'],
    ['key:k1', {}, 'payments'],
    ['client:web', { scope: 'payments', action: 'sign' }, 'payments'],
    ['client:web', {}, null],
    ['operator:carol', { credential_digest: 'secret' }, null],
  ])('a proposal about %s with %j waits for an approver, and is about %s', (subject, parameters, scope) => {
    const details = { act: 'grant.add', subject, parameters, changes: [], expires_at: 1_760_086_400 };
    expect(told('proposal.opened', 'proposal:p1', details)).toEqual({
      type: 'proposal.waiting',
      severity: 'warning',
      dedupKey: '[17]',
      subject: 'proposal:p1',
      evidence: {
        proposal: 'p1',
        act: 'grant.add',
        concerns: subject,
        scope,
        role: 'approver',
        expires_at: 1_760_086_400,
        ...DONE,
      },
    });
  });

  it('nothing is told of what Keyward tells itself, of refusals, or of what no act writes', () => {
    const types = ['security_event.raised', 'security_event.resolved', 'act.refused', 'key.rotated'];
    expect(types.map((type) => told(type, 'key:k1'))).toEqual(types.map(() => undefined));
    expect(told('toString', 'key:k1')).toBeUndefined();
  });

  it('survives details that somebody ruined', () => {
    const ruined = { ...audited('key.compromised', 'key:k1'), detailsJson: '{' };
    expect(eventOfAct(ruined, keys, false)).toMatchObject({
      severity: 'critical',
      evidence: { scope: 'payments' },
    });
  });
});
