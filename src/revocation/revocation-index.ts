import type { RevocableToken, Revocation, RevocationCheck, RevocationRule } from '../kernel/revocation.ts';

/** Rules in force, each found by the member that names the fewest tokens. */
export class RevocationIndex implements RevocationCheck {
  readonly #byJti = new Map<string, Set<Revocation>>();
  readonly #byRoot = new Map<string, Set<Revocation>>();
  readonly #byClient = new Map<string, Set<Revocation>>();
  readonly #periods = new Set<Revocation>();
  /** Null for the rules of every scope. */
  readonly #byScope = new Map<string | null, Set<Revocation>>();
  readonly #all = new Map<number, Revocation>();

  get size(): number {
    return this.#all.size;
  }

  covers(token: RevocableToken): boolean {
    return (
      anyFits(this.#byJti.get(token.jti), token) ||
      (token.root !== null && anyFits(this.#byRoot.get(token.root), token)) ||
      anyFits(this.#byClient.get(token.clientId), token) ||
      anyFits(this.#periods, token)
    );
  }

  hasJti(scopeId: string, jti: string): boolean {
    const rules = this.#byJti.get(jti) ?? [];
    return [...rules].some((rule) => rule.scopeId === null || rule.scopeId === scopeId);
  }

  has({ sequence }: Revocation): boolean {
    return this.#all.has(sequence);
  }

  put(revocation: Revocation): void {
    this.#all.set(revocation.sequence, revocation);
    this.#group(revocation).add(revocation);
    named(this.#byScope, revocation.scopeId).add(revocation);
  }

  /** Drops what can fit no living token any more. */
  sweep(now: number): void {
    for (const revocation of this.#all.values()) {
      if (revocation.lapsesAt !== null && revocation.lapsesAt <= now) this.#drop(revocation);
    }
  }

  *concerning(scopeId: string): Iterable<Revocation> {
    yield* this.#byScope.get(null) ?? [];
    yield* this.#byScope.get(scopeId) ?? [];
  }

  newestFirst(): readonly Revocation[] {
    return [...this.#all.values()].sort((a, b) => b.sequence - a.sequence);
  }

  #group(rule: RevocationRule): Set<Revocation> {
    if (rule.jti !== null) return named(this.#byJti, rule.jti);
    if (rule.root !== null) return named(this.#byRoot, rule.root);
    if (rule.clientId !== null) return named(this.#byClient, rule.clientId);
    return this.#periods;
  }

  #drop(revocation: Revocation): void {
    this.#all.delete(revocation.sequence);
    this.#byScope.get(revocation.scopeId)?.delete(revocation);
    const group = this.#group(revocation);
    group.delete(revocation);
    if (group.size > 0) return;
    if (revocation.jti !== null) this.#byJti.delete(revocation.jti);
    else if (revocation.root !== null) this.#byRoot.delete(revocation.root);
    else if (revocation.clientId !== null) this.#byClient.delete(revocation.clientId);
  }
}

function named<K>(groups: Map<K, Set<Revocation>>, name: K): Set<Revocation> {
  const known = groups.get(name);
  if (known) return known;
  const group = new Set<Revocation>();
  groups.set(name, group);
  return group;
}

function anyFits(rules: ReadonlySet<Revocation> | undefined, token: RevocableToken): boolean {
  if (rules === undefined) return false;
  for (const rule of rules) if (fits(rule, token)) return true;
  return false;
}

function fits(rule: RevocationRule, token: RevocableToken): boolean {
  return (
    (rule.scopeId === null || rule.scopeId === token.scopeId) &&
    (rule.jti === null || rule.jti === token.jti) &&
    (rule.root === null || rule.root === token.root) &&
    (rule.clientId === null || rule.clientId === token.clientId) &&
    (rule.issuedFrom === null || rule.issuedFrom <= token.iat) &&
    (rule.issuedUntil === null || rule.issuedUntil >= token.iat)
  );
}
