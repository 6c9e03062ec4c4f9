import type { Actor } from '../kernel/actor.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import {
  type FoundRevocation,
  isInForce,
  type NewRevocation,
  type RevocableToken,
  type Revocation,
  type RevocationAdministration,
  type RevocationCheck,
  type RevocationRule,
  type RevocationStore,
  type Revoker,
  type WatchedRevocations,
} from '../kernel/revocation.ts';
import type { Scope } from '../kernel/scope.ts';
import { Emitter, type Subscribable } from '../lib/emitter.ts';
import { RevocationIndex } from './revocation-index.ts';

/** The latest `iat` that a token made until now may have: a caller that dates its own may be ahead by the skew. */
function latestIat(scopes: readonly Scope[], scopeId: string | null, now: number): number {
  const ahead = scopes
    .filter(({ id, policy }) => policy.externalClaims && (scopeId === null || scopeId === id))
    .map(({ policy }) => policy.clockSkewSeconds);
  return now + Math.max(0, ...ahead);
}

/** From `iat` to the last instant at which any verifier takes the token, whatever the policy. */
const LONGEST_LIFE_SECONDS = POLICY_BOUNDS.maxTtlSeconds[1] + 2 * POLICY_BOUNDS.clockSkewSeconds[1];
const LONGEST_NAME = 4_096;

/** `invalid_revocation` that says which member is wrong and what it may be. */
function validateRule(rule: RevocationRule): void {
  const { scopeId, jti, root, clientId, issuedFrom, issuedUntil } = rule;
  for (const [member, value] of Object.entries({ jti, root })) {
    if (value !== null && (value.length < 1 || value.length > LONGEST_NAME)) {
      refuse(member, `use 1 to ${LONGEST_NAME} characters`);
    }
  }
  if (jti !== null && [root, clientId, issuedFrom, issuedUntil].some((other) => other !== null)) {
    refuse('jti', 'it names one token: leave out root, client and times');
  }
  if (issuedFrom !== null && issuedUntil !== null && issuedFrom > issuedUntil) {
    refuse('issued_until', 'must not lie before issued_from');
  }
  if (jti !== null || root !== null || clientId !== null) return;
  if (issuedFrom === null || issuedUntil === null) {
    refuse(
      'rule',
      'name a jti, a root event, a client, or all tokens of a scope by issued_from and issued_until',
    );
  }
  if (scopeId === null) refuse('scope', 'name the scope whose tokens of that time are revoked');
}

/**
 * A client's next token is a matter of its grants: what is revoked is what it has until now, `latestIat` being how
 * far ahead it may have dated it.
 */
function completeRule(rule: RevocationRule, latestIat: number): RevocationRule {
  const openClientRule = rule.clientId !== null && rule.root === null && rule.issuedUntil === null;
  return openClientRule ? { ...rule, issuedUntil: latestIat } : rule;
}

/** When the last token that the rule fits has expired; null where that never comes. */
function lapseOf(rule: RevocationRule, now: number): number | null {
  const last = rule.jti === null ? rule.issuedUntil : now;
  return last === null ? null : Math.max(last, now) + LONGEST_LIFE_SECONDS;
}

function refuse(member: string, advice: string): never {
  throw new KeywardError('invalid_revocation', `${member}: ${advice}`);
}

interface RevocationParts {
  readonly store: Pick<RevocationStore, 'append'>;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
  readonly knowsScope: (scopeId: string) => boolean;
  readonly knowsClient: (clientId: string) => boolean;
  readonly scopes: () => readonly Scope[];
  /** `store_unavailable` where it is not known what other fronts have revoked. */
  readonly requireFresh: () => void;
}

/** Rules in memory; past them the operator revokes by client or period, which one rule does. */
const RULES_IN_FORCE = 1_000_000;
const SWEEP_SECONDS = 60;
const REASON = /^\P{C}{0,256}$/u;

/** What is revoked: written first, then in force in memory, then answered. */
export class Revocations implements RevocationCheck, Revoker, RevocationAdministration, WatchedRevocations {
  readonly #added = new Emitter<Revocation>();
  readonly #index = new RevocationIndex();
  /** That nobody but the database tells of: in force while they are there, and told to nobody. */
  #untold = new RevocationIndex();
  readonly #deps: RevocationParts;
  #sweptAt = 0;
  #followed = 0;

  /** `inForce`: those that were there at the start. */
  constructor(deps: RevocationParts, inForce: readonly Revocation[]) {
    this.#deps = deps;
    for (const rule of inForce) {
      this.#index.put(rule);
      this.#followed = Math.max(this.#followed, rule.sequence);
    }
  }

  get size(): number {
    return this.#index.size;
  }

  get added(): Subscribable<Revocation> {
    return this.#added;
  }

  concerning(scopeId: string): Iterable<Revocation> {
    return this.#index.concerning(scopeId);
  }

  covers(token: RevocableToken): boolean {
    this.#deps.requireFresh();
    return this.#index.covers(token) || this.#untold.covers(token);
  }

  /** All that is behind the last one that was followed. What another front made is in force here from now on. */
  take(found: readonly FoundRevocation[]): void {
    const now = this.#deps.clock.nowSeconds();
    this.#untold = new RevocationIndex();
    for (const { revocation, isTold } of found) {
      if (!isTold) {
        this.#untold.put(revocation);
        continue;
      }
      this.#followed = revocation.sequence;
      if (this.#index.has(revocation) || !isInForce(revocation, now)) continue;
      this.#index.put(revocation);
      this.#added.emit(revocation);
    }
  }

  /** The number of the last one that was taken, and that an audit event tells of. */
  get followed(): number {
    return this.#followed;
  }

  async revokeToken(token: { scopeId: string; jti: string; exp: number }, actor: Actor): Promise<void> {
    const { scopeId, jti } = token;
    if (this.#index.hasJti(scopeId, jti)) return;
    const rule = { scopeId, jti, root: null, clientId: null, issuedFrom: null, issuedUntil: null };
    const longest = this.#deps.clock.nowSeconds() + LONGEST_LIFE_SECONDS;
    const lapsesAt = Math.min(token.exp + POLICY_BOUNDS.clockSkewSeconds[1], longest);
    await this.#add({ ...rule, lapsesAt, reason: '' }, actor);
  }

  async revoke(given: RevocationRule, reason: string, actor: Actor): Promise<Revocation> {
    validateRule(given);
    if (!REASON.test(reason)) {
      throw new KeywardError('invalid_revocation', 'reason: use up to 256 printable characters');
    }
    this.#refuseUnknown(given);
    const now = this.#deps.clock.nowSeconds();
    const rule = completeRule(given, latestIat(this.#deps.scopes(), given.scopeId, now));
    return await this.#add({ ...rule, lapsesAt: lapseOf(rule, now), reason }, actor);
  }

  list({ before = Number.POSITIVE_INFINITY, limit }: { before?: number | undefined; limit: number }) {
    const now = this.#deps.clock.nowSeconds();
    const inForce = ({ sequence, lapsesAt }: Revocation) =>
      sequence < before && (lapsesAt === null || lapsesAt > now);
    return this.#index.newestFirst().filter(inForce).slice(0, limit);
  }

  async #add(rule: Omit<NewRevocation, 'createdAt' | 'revokedBy'>, actor: Actor): Promise<Revocation> {
    const createdAt = this.#deps.clock.nowSeconds();
    this.#sweep(createdAt);
    if (this.#index.size >= RULES_IN_FORCE) {
      throw new KeywardError('overloaded', 'too many revocations are in force; revoke by client or by time');
    }
    const revocation = await this.#deps.store.append(
      { ...rule, createdAt, revokedBy: actor.operatorId },
      actor,
    );
    this.#index.put(revocation);
    this.#added.emit(revocation);
    return revocation;
  }

  #sweep(now: number): void {
    if (now < this.#sweptAt + SWEEP_SECONDS || !this.#deps.settledTime.isSettled()) return;
    this.#sweptAt = now;
    this.#index.sweep(now);
  }

  #refuseUnknown({ scopeId, clientId }: RevocationRule): void {
    const { knowsScope, knowsClient } = this.#deps;
    if (scopeId !== null && !knowsScope(scopeId)) {
      throw new KeywardError('unknown_scope', 'there is no scope of this id');
    }
    if (clientId === null || knowsClient(clientId)) return;
    throw new KeywardError('unknown_client', 'there is no client of this id');
  }
}
