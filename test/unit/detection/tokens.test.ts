import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../src/detection/detector.ts';
import { compromisedKey, crossScope, retiredKey, suspiciousHeader } from '../../../src/detection/rules.ts';
import type { Fact, SignedTokenFact, VerifiedFact } from '../../../src/kernel/activity.ts';

const AT = 1_800_000_100;

const genuine: SignedTokenFact = {
  digest: 'D'.repeat(43),
  kid: 'kid-1',
  keyState: 'active',
  keyScope: 'mail',
  signFrom: AT - 1_000,
  signUntil: AT + 1_000,
  claims: { iat: AT, sub: 'alice' },
  namesScope: false,
  recorded: true,
};

const PROBE = { claims: { iat: AT, sub: 'keyward-probe' } };

const verified = (
  reason: VerifiedFact['reason'],
  token: Partial<SignedTokenFact> | null = {},
): VerifiedFact => ({
  kind: 'verified',
  at: AT,
  count: 1,
  client: 'web-api',
  scope: 'web',
  reason,
  suspiciousHeader: null,
  token: token && { ...genuine, ...token },
});

const told = (detection: Detection<never>, fact: Fact) =>
  detection.detect(undefined, fact).news.map(({ type, severity, subject }) => [type, severity, subject]);

const issued: Fact = { kind: 'issued', at: AT, count: 1, client: 'login', scope: 'web' };

describe('a token of another scope', () => {
  it.each([
    ['on record, that names its own scope', {}, 'warning'],
    ['on record, that names the scope it is shown for', { namesScope: true }, 'critical'],
    ['never issued', { recorded: false }, 'critical'],
    ['of which the ledger could not be asked', { recorded: null }, 'critical'],
    ['forged for the subject of probes', { ...PROBE, recorded: false }, 'critical'],
  ])('%s', (_, token, severity) => {
    expect(told(crossScope, verified('wrong_scope', token))).toEqual([
      ['token.cross_scope', severity, 'key:kid-1'],
    ]);
  });

  it('has its evidence, and is told once for each place that it is shown at', () => {
    const [news] = crossScope.detect(undefined, verified('wrong_scope', { recorded: false })).news;
    expect(news?.evidence).toEqual({
      scope: 'web',
      key_scope: 'mail',
      kid: 'kid-1',
      client: 'web-api',
      digest: genuine.digest,
      names_scope: false,
      recorded: false,
      claims: genuine.claims,
    });
    expect(news?.dedupKey).toBe(JSON.stringify(['web', 'kid-1', 'web-api', genuine.digest]));
  });

  it('is told once for all honest ones that one client shows at the wrong door', () => {
    const [news] = crossScope.detect(undefined, verified('wrong_scope')).news;
    expect(news).toMatchObject({
      dedupKey: JSON.stringify(['web', 'kid-1', 'web-api', null]),
      evidence: { digest: null, claims: null },
    });
  });

  it.each([
    ['whose signature is not by that key', verified('wrong_scope', null)],
    ['that is refused for something else', verified('expired')],
    ['that is good', verified(null, null)],
    ['that is issued', issued],
    ['that Keyward sent as a probe', verified('wrong_scope', PROBE)],
  ])('is none %s', (_, fact) => expect(told(crossScope, fact)).toEqual([]));
});

describe('a token dated outside the window of its key', () => {
  it.each([
    ['after it', verified('outside_signing_window', { signUntil: AT - 1 })],
    ['before it', verified('outside_signing_window', { signFrom: AT + 1 })],
    ['of a standby', verified('outside_signing_window', { signFrom: null, keyState: 'pre_activation' })],
    ['of a key long gone', verified('key_retired', { signUntil: AT - 1, keyState: 'destroyed' })],
    ['after it, and never issued', verified('never_issued', { signUntil: AT - 1, recorded: false })],
    ['without a date', verified('key_retired', { claims: {} })],
  ])('%s', (_, fact) =>
    expect(told(retiredKey, fact)).toEqual([['token.retired_key', 'critical', 'key:kid-1']]),
  );

  it.each([
    ['an old token of a retired key', verified('key_retired', { keyState: 'destroyed' })],
    ['a signature that is not by that key', verified('key_retired', null)],
    ['an expired token', verified('expired')],
    ['a token that is issued', issued],
  ])('is not %s', (_, fact) => expect(told(retiredKey, fact)).toEqual([]));
});

describe('a token of a compromised key', () => {
  it('is the thief’s where it is not on record, one event each', () => {
    const [news] = compromisedKey.detect(undefined, verified('key_compromised', { recorded: false })).news;
    expect(news).toMatchObject({
      type: 'token.compromised_key',
      severity: 'critical',
      dedupKey: JSON.stringify(['kid-1', 'web-api', genuine.digest]),
      evidence: { claims: genuine.claims },
    });
  });

  it('is an honest one where it is, one event for each key and client, without claims', () => {
    const [news] = compromisedKey.detect(undefined, verified('key_compromised')).news;
    expect(news).toMatchObject({
      severity: 'info',
      dedupKey: JSON.stringify(['kid-1', 'web-api', null]),
      evidence: { digest: null, claims: null },
    });
  });

  it.each([
    ['another signature', verified('key_compromised', null)],
    ['a suspended key', verified('key_suspended')],
    ['a token that is issued', issued],
  ])('is not %s', (_, fact) => expect(told(compromisedKey, fact)).toEqual([]));
});

describe('a suspicious header', () => {
  const bearing = (member: string | null, at = AT) => ({
    ...verified('malformed', null),
    suspiciousHeader: member,
    at,
  });

  it('is told once an hour for each scope, client and member', () => {
    const key = (fact: Fact) => suspiciousHeader.detect(undefined, fact).news[0]?.dedupKey;
    expect(told(suspiciousHeader, bearing('jku'))).toEqual([
      ['token.suspicious_header', 'warning', 'scope:web'],
    ]);
    expect(key(bearing('jku'))).toBe(key(bearing('jku', AT + 60)));
    expect(key(bearing('jku'))).not.toBe(key(bearing('jku', AT + 3_600)));
    expect(key(bearing('jku'))).not.toBe(key(bearing('jwk')));
  });

  it('is none of a token that is merely malformed', () => {
    expect(told(suspiciousHeader, bearing(null))).toEqual([]);
    expect(told(suspiciousHeader, issued)).toEqual([]);
  });
});
