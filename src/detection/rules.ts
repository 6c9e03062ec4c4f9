import type { SignedTokenFact } from '../kernel/activity.ts';
import { PROBE_SUBJECT } from '../kernel/issuance.ts';
import { securityEvent } from '../kernel/security-events.ts';
import { hourOf } from '../lib/instant.ts';
import { type Detection, stateless } from './detector.ts';
import { newSource } from './new-source.ts';
import { observe, type RateHistory, rateHistory } from './rate-history.ts';

/** A token of a compromised key: an honest one that is still about, or the thief's. */
export const compromisedKey = stateless('compromised-key', (fact) => {
  if (fact.kind !== 'verified' || fact.reason !== 'key_compromised' || !fact.token) return undefined;
  const { kid, digest, claims, recorded } = fact.token;
  const honest = recorded === true;
  return securityEvent('token.compromised_key', {
    scope: fact.scope,
    kid,
    client: fact.client,
    // Of honest ones there may be thousands: one event for each key and client.
    digest: honest ? null : digest,
    recorded,
    claims: honest ? null : claims,
  });
});

/**
 * A token that the key of one scope signed, shown for another: what opened the mailboxes of 2023. One that is on
 * record came in at the wrong door; one that names the scope it is shown for was made to deceive.
 */
export const crossScope = stateless('cross-scope', (fact) => {
  if (fact.kind !== 'verified' || fact.reason !== 'wrong_scope' || !fact.token) return undefined;
  const { kid, keyScope, digest, claims, namesScope, recorded } = fact.token;
  // Sent by Keyward itself, to see that it is refused; a forged one of that subject is not on record.
  if (claims.sub === PROBE_SUBJECT && recorded) return undefined;
  const honest = recorded === true && !namesScope;
  return securityEvent('token.cross_scope', {
    scope: fact.scope,
    key_scope: keyScope,
    kid,
    client: fact.client,
    // Of a caller at the wrong door there may be thousands: one event for each door, key and client.
    digest: honest ? null : digest,
    names_scope: namesScope,
    recorded,
    claims: honest ? null : claims,
  });
});

const DENIED = { floor: 20, learns: false } as const;

/**
 * Somebody is turned away again and again: a caller that tries what it may not, or whoever guesses at credentials.
 * Malformed ones are told by themselves.
 */
export const deniedBurst: Detection<RateHistory> = {
  name: 'denied-burst',
  memory: rateHistory,
  concerns(fact) {
    if (fact.kind !== 'refused' || fact.code === 'credential_malformed') return undefined;
    return fact.caller ?? `plane:${fact.plane}`;
  },
  detect(memory, fact) {
    if (fact.kind !== 'refused') return { memory, news: [] };
    const { at, count: more, caller, plane, code, remote } = fact;
    const { history, unusual } = observe(memory, at, more, DENIED);
    if (!unusual) return { memory: history, news: [] };
    const { count, expected } = unusual;
    const evidence = { caller, plane, code, remote, count, expected, since: hourOf(at) };
    return { memory: history, news: [securityEvent('client.denied_burst', evidence)] };
  },
};

const MALFORMED = { floor: 30, learns: false } as const;

/** Credentials with a wrong form or checksum, many of them: a scanner, or a client with a broken secret. */
export const malformedBurst: Detection<RateHistory> = {
  name: 'malformed-burst',
  memory: rateHistory,
  concerns: (fact) =>
    fact.kind === 'refused' && fact.code === 'credential_malformed' ? `plane:${fact.plane}` : undefined,
  detect(memory, fact) {
    if (fact.kind !== 'refused') return { memory, news: [] };
    const { history, unusual } = observe(memory, fact.at, fact.count, MALFORMED);
    if (!unusual) return { memory: history, news: [] };
    const { plane, remote, at } = fact;
    const { count, expected } = unusual;
    const evidence = { plane, remote, count, expected, since: hourOf(at) };
    return { memory: history, news: [securityEvent('credential.malformed_burst', evidence)] };
  },
};

/**
 * A key signed outside its window: no honest token is dated so, whatever else it was refused for. An old token of a
 * retired key is none of this, however often it is shown.
 */
export const retiredKey = stateless('retired-key', (fact) => {
  if (fact.kind !== 'verified' || !fact.token) return undefined;
  const { kid, keyState, digest, claims, signUntil, recorded } = fact.token;
  const iat = Number(claims.iat);
  if (isWithin(fact.token, iat)) return undefined;
  return securityEvent('token.retired_key', {
    scope: fact.scope,
    kid,
    key_state: keyState,
    client: fact.client,
    digest,
    iat: Number.isFinite(iat) ? iat : null,
    sign_until: signUntil,
    recorded,
    claims,
  });
});

function isWithin({ signFrom, signUntil }: SignedTokenFact, iat: number): boolean {
  return signFrom !== null && iat >= signFrom && iat <= signUntil;
}

/** A header that brings a key along, names another or changes what is signed: somebody tries the verifiers. */
export const suspiciousHeader = stateless('suspicious-header', (fact) => {
  if (fact.kind !== 'verified' || fact.suspiciousHeader === null) return undefined;
  const { scope, client, suspiciousHeader: member, at } = fact;
  return securityEvent('token.suspicious_header', { scope, client, member, since: hourOf(at) });
});

/** A client that never asked for more than this in a minute is too small to be judged by its rate. */
const ISSUED = { floor: 30, learns: true } as const;

/** A client gets far more tokens than it ever did in such an hour: somebody else may have its credential. */
export const unusualRate: Detection<RateHistory> = {
  name: 'unusual-rate',
  memory: rateHistory,
  concerns: (fact) => (fact.kind === 'issued' ? fact.client : undefined),
  detect(memory, fact) {
    if (fact.kind !== 'issued') return { memory, news: [] };
    const { history, unusual } = observe(memory, fact.at, fact.count, ISSUED);
    if (!unusual) return { memory: history, news: [] };
    const { count, expected, settled } = unusual;
    const evidence = {
      client: fact.client,
      scope: fact.scope,
      count,
      expected,
      settled,
      since: hourOf(fact.at),
    };
    return { memory: history, news: [securityEvent('client.unusual_rate', evidence)] };
  },
};

/** All that is looked for in the facts. */
export const DETECTIONS: readonly Detection[] = [
  crossScope,
  retiredKey,
  compromisedKey,
  suspiciousHeader,
  newSource,
  unusualRate,
  deniedBurst,
  malformedBurst,
];
