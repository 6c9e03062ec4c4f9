import type { Fact, SignedTokenFact } from '../../src/kernel/activity.ts';
import type { SecurityEventType } from '../../src/kernel/security-event-types.ts';

/** An attack in simulated time: its facts, minute by minute, and the event that must come of it. */
export interface SimulatedAttack {
  readonly name: string;
  readonly event: SecurityEventType;
  facts(at: number): readonly Fact[];
}

const forged: SignedTokenFact = {
  digest: 'A'.repeat(43),
  kid: 'kid-of-consumers',
  keyState: 'active',
  keyScope: 'mobile',
  signFrom: 1_799_000_000,
  signUntil: 1_900_000_000,
  claims: { sub: 'secretary', iat: 1_800_000_000 },
  namesScope: true,
  recorded: false,
};

const shown = (at: number, changes: Partial<Extract<Fact, { kind: 'verified' }>>): Fact => ({
  kind: 'verified',
  at,
  count: 1,
  client: 'mail',
  scope: 'web',
  reason: null,
  suspiciousHeader: null,
  token: null,
  ...changes,
});

const guess = { kind: 'refused', plane: 'data', caller: null, remote: '203.0.113.9' } as const;

/** What the detections must tell from ordinary traffic. */
export const ATTACKS: readonly SimulatedAttack[] = [
  {
    name: 'the key of one scope used for another',
    event: 'token.cross_scope',
    facts: (at) => [shown(at, { reason: 'wrong_scope', token: forged })],
  },
  {
    name: 'a key past its window',
    event: 'token.retired_key',
    facts: (at) => {
      const token = { ...forged, keyState: 'deactivated', signUntil: 1_799_100_000, recorded: null } as const;
      return [shown(at, { reason: 'outside_signing_window', token })];
    },
  },
  {
    name: 'a key that was declared compromised',
    event: 'token.compromised_key',
    facts: (at) => [shown(at, { reason: 'key_compromised', token: { ...forged, keyState: 'compromised' } })],
  },
  {
    name: 'a token that brings its key along',
    event: 'token.suspicious_header',
    facts: (at) => [shown(at, { reason: 'malformed', suspiciousHeader: 'jwk' })],
  },
  {
    name: 'a stolen credential used from elsewhere',
    event: 'client.new_source',
    facts: (at) => [
      { kind: 'authenticated', at, count: 1, caller: 'client:login-web', remote: '198.51.100.77' },
    ],
  },
  {
    name: 'a stolen credential used for all it gives, at night',
    event: 'client.unusual_rate',
    facts: (at) => [{ kind: 'issued', at, count: 300, client: 'partner-gateway', scope: 'partners' }],
  },
  {
    name: 'a client that tries all scopes',
    event: 'client.denied_burst',
    facts: (at) => [{ ...guess, at, count: 25, code: 'grant_missing', caller: 'client:kiosk' }],
  },
  {
    name: 'credentials guessed at',
    event: 'client.denied_burst',
    facts: (at) => [{ ...guess, at, count: 60, code: 'credential_invalid' }],
  },
  {
    name: 'malformed credentials by the hundred',
    event: 'credential.malformed_burst',
    facts: (at) => [{ ...guess, at, count: 200, code: 'credential_malformed' }],
  },
];
