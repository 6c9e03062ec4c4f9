import { hash } from 'node:crypto';
import { isLoopbackHost, withoutBrackets } from '../lib/address.ts';
import type { Actor } from './actor.ts';
import { ALGORITHM_NAMES, type Algorithm, isRsa, MODULUS_BITS, type ModulusBits } from './algorithm.ts';
import {
  propagationSeconds,
  refuseFlawed,
  type ScopePolicy,
  type ValidationIssue,
  validatePolicy,
} from './policy.ts';

export const MAX_CONTACTS = 16;
/** RFC 5321 §4.5.3.1: a path has 256 octets, its angle brackets counted. */
export const MAX_CONTACT_LENGTH = 254;

/** The addresses that HTML's `input type=email` takes: those of RFC 5321 without quotes, comments and literals. */
export const CONTACT =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

export const CONTACT_ADVICE = 'use an e-mail address such as security@example.com';

/** Whether news goes to the same addresses, in whatever order they are named. */
export function sameContacts(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}

/** What is wrong with the e-mail addresses to which news of a scope goes. */
export function contactFlaws(contacts: readonly string[]): readonly ValidationIssue[] {
  if (contacts.length > MAX_CONTACTS) {
    return [{ path: ['contacts'], advice: `name at most ${MAX_CONTACTS} addresses` }];
  }
  const lower = contacts.map((contact) => contact.toLowerCase());
  return contacts.flatMap((contact, at): ValidationIssue[] => {
    if (contact.length > MAX_CONTACT_LENGTH || !CONTACT.test(contact)) {
      return [{ path: ['contacts', at], advice: CONTACT_ADVICE }];
    }
    if (lower.indexOf(contact.toLowerCase()) < at) {
      return [{ path: ['contacts', at], advice: 'name each address once' }];
    }
    return [];
  });
}

/** Key sets that were fetched under a policy which let them be kept for longer than the present one does. */
interface StaleCacheHorizon {
  /** How long, at most. */
  readonly seconds: number;
  /** When the last of them is gone, in seconds since the epoch. */
  readonly until: number;
}

interface Cached {
  readonly policy: ScopePolicy;
  /** Null while no policy of the scope has been shortened in that. */
  readonly staleCacheHorizon: StaleCacheHorizon | null;
}

/** What is to be remembered where the policy becomes another now. Both numbers only ever grow. */
export function staleCacheHorizonAfter(
  before: Cached,
  after: ScopePolicy,
  now: number,
): StaleCacheHorizon | null {
  const { policy, staleCacheHorizon } = before;
  const seconds = propagationSeconds(policy);
  if (seconds <= propagationSeconds(after)) return staleCacheHorizon;
  return {
    seconds: Math.max(seconds, staleCacheHorizon?.seconds ?? 0),
    until: Math.max(now + seconds, staleCacheHorizon?.until ?? 0),
  };
}

/** Two persons' word that a scope's key shall not be rotated by itself for a while; it ends by itself. */
export interface RotationPause {
  /** The last second of it, since the epoch. */
  readonly until: number;
  readonly reason: string;
}

/** What people do about the rotation that comes by itself. Answers the scope as it then is. */
export interface RotationPauses {
  /** `invalid_rotation_pause` for what `pause` would refuse now. */
  requireSound(pause: RotationPause): void;
  /** In place of a pause that there is. `unknown_scope`, `invalid_rotation_pause`. */
  pause(scopeId: string, pause: RotationPause, actor: Actor): Promise<Scope>;
  /** The pause ends now; without one, nothing changes. `unknown_scope`. */
  resume(scopeId: string, actor: Actor): Promise<Scope>;
}

/** The longest pause, in days: beyond a cryptoperiod nothing is signed anyway. */
const LONGEST_DAYS = 90;
const MOST_CHARACTERS = 500;
const UNPRINTABLE_REASON = /[\p{C}\p{Zl}\p{Zp}]/u;

export function isPaused({ rotationPause }: Pick<Scope, 'rotationPause'>, now: number): boolean {
  return rotationPause !== null && now <= rotationPause.until;
}

/** Throws `invalid_rotation_pause` naming the first member that is wrong. */
export function validateRotationPause(pause: RotationPause, now: number): void {
  refuseFlawed('invalid_rotation_pause', flawsOf(pause, now));
}

function flawsOf({ until, reason }: RotationPause, now: number): readonly ValidationIssue[] {
  const end = now + LONGEST_DAYS * 86_400;
  const isDated = Number.isSafeInteger(until) && until > now && until <= end;
  const isSaid = reason.trim() !== '' && reason.length <= MOST_CHARACTERS && !UNPRINTABLE_REASON.test(reason);
  return [
    ...(isDated ? [] : [{ path: ['until'], advice: `use a time within the next ${LONGEST_DAYS} days` }]),
    ...(isSaid
      ? []
      : [{ path: ['reason'], advice: `say why, in at most ${MOST_CHARACTERS} printable characters` }]),
  ];
}

/** One immutable (issuer, audience) pair with its algorithm and policy. Not OAuth's `scope` claim. */
export interface Scope {
  readonly id: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: Algorithm;
  /** RSA only. */
  readonly modulusBits: ModulusBits | null;
  readonly policy: ScopePolicy;
  /** E-mail addresses to which news of the scope goes. */
  readonly contacts: readonly string[];
  /** Where its next keys are made; those it has may be elsewhere. */
  readonly hsmToken: string;
  /** With `hsmToken` in turn: each standby is made on the one where the active key is not. Null for `hsmToken` alone. */
  readonly standbyToken: string | null;
  readonly createdAt: number;
  readonly rotationPause: RotationPause | null;
  readonly staleCacheHorizon: StaleCacheHorizon | null;
  /** Grows with every change of the published key set. */
  readonly keySetVersion: number;
}

export type ScopeDefinition = Pick<
  Scope,
  | 'id'
  | 'issuer'
  | 'audience'
  | 'algorithm'
  | 'modulusBits'
  | 'policy'
  | 'contacts'
  | 'hsmToken'
  | 'standbyToken'
>;

export const SCOPE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const SCOPE_ID_ADVICE = 'use 1 to 63 lower-case letters, digits and inner hyphens';
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Throws `invalid_scope` or `invalid_policy` that says which field is wrong first and what it may be. */
export function validateScope(definition: ScopeDefinition): void {
  refuseFlawed('invalid_scope', identityFlaws(definition));
  refuseFlawed('invalid_scope', contactFlaws(definition.contacts));
  refuseFlawed('invalid_scope', placementFlaws(definition));
  validatePolicy(definition.policy);
}

/** The HSM tokens on which keys of the scope are made. */
export function tokensOfScope({ hsmToken, standbyToken }: Placement): readonly string[] {
  return standbyToken === null ? [hsmToken] : [hsmToken, standbyToken];
}

export type Placement = Pick<Scope, 'hsmToken' | 'standbyToken'>;

export function placementFlaws({ hsmToken, standbyToken }: Placement): readonly ValidationIssue[] {
  if (standbyToken !== hsmToken) return [];
  return [{ path: ['standby_token'], advice: 'name another HSM token than hsm_token, or none' }];
}

type Identity = Omit<ScopeDefinition, 'policy' | 'contacts' | keyof Placement>;

/** What is wrong with what can never be changed of a scope. */
export function identityFlaws(definition: Identity): readonly ValidationIssue[] {
  return Object.entries(RULES).flatMap(([member, rule]) => {
    const advice = rule(definition);
    return advice === undefined ? [] : [{ path: [member], advice }];
  });
}

const RULES: Record<string, (definition: Identity) => string | undefined> = {
  id: ({ id }) => (SCOPE_ID.test(id) ? undefined : SCOPE_ID_ADVICE),
  issuer: ({ issuer }) => issuerAdvice(issuer),
  audience: ({ audience }) =>
    audience.length < 1 || audience.length > 512 || UNPRINTABLE.test(audience)
      ? 'use 1 to 512 printable characters'
      : undefined,
  algorithm: ({ algorithm }) =>
    ALGORITHM_NAMES.includes(algorithm) ? undefined : `use one of ${ALGORITHM_NAMES.join(', ')}`,
  modulus_bits: ({ algorithm, modulusBits }) => {
    if (isRsa(algorithm) !== (modulusBits !== null))
      return 'give it for RS256 and PS256, and for no other algorithm';
    return modulusBits === null || MODULUS_BITS.includes(modulusBits)
      ? undefined
      : `use one of ${MODULUS_BITS.join(', ')}`;
  },
};

/** https URL without query, fragment or user (RFC 8414 §2); http for loopback alone. */
function issuerAdvice(issuer: string): string | undefined {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (!url || issuer.length > 512 || /\s/.test(issuer) || UNPRINTABLE.test(issuer)) return 'use an https URL';
  if (
    url.protocol !== 'https:' &&
    !(url.protocol === 'http:' && isLoopbackHost(withoutBrackets(url.hostname)))
  ) {
    return 'use https; http is for loopback alone';
  }
  if (/[?#]/.test(issuer)) return 'leave out query and fragment';
  return url.username || url.password ? 'leave out user and password' : undefined;
}

/**
 * The label of a scope's keys in the HSM: it cannot be modified there, so a key made for one scope can never
 * be passed off as another's (I1).
 */
export function scopeLabel(scope: Pick<Scope, 'id' | 'issuer' | 'audience'>): string {
  const named = JSON.stringify(['keyward-scope-v1', scope.id, scope.issuer, scope.audience]);
  return `kw1.${hash('sha256', named, 'base64url')}`;
}

/**
 * The label of a decoy key. It looks like that of a scope and belongs to none: no binding record fits it, and the
 * signer tells it from the key's id (hex) alone.
 */
export function canaryLabel(hsmId: string): string {
  const named = JSON.stringify(['keyward-decoy-v1', hsmId]);
  return `kw1.${hash('sha256', named, 'base64url')}`;
}
