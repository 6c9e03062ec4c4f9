import { hash } from 'node:crypto';
import type { RevokedTokens } from '../kernel/publication.ts';

type Claims = Readonly<Record<string, unknown>>;

/** `ask`: only the service can tell. */
export type RevocationVerdict = 'revoked' | 'ask' | undefined;

/** As many as a service tells in full, twice: past it the service is asked (`incomplete`). */
export const MOST_RULES = 200_000;

/** The revocations of a scope as the event stream told them, in bounded memory. */
export class RevokedRules {
  readonly #byJti = new Map<string, RevokedTokens[]>();
  readonly #byRoot = new Map<string, RevokedTokens[]>();
  readonly #others: RevokedTokens[] = [];
  readonly #sequences = new Set<number>();
  /** There are more than were told, or than are kept. */
  incomplete = false;

  get size(): number {
    return this.#sequences.size;
  }

  add(rule: RevokedTokens): void {
    if (this.#sequences.has(rule.sequence)) return;
    if (this.size >= MOST_RULES) {
      this.incomplete = true;
      return;
    }
    this.#sequences.add(rule.sequence);
    if (rule.jtiHash !== null) push(this.#byJti, rule.jtiHash, rule);
    else if (rule.rootHash !== null) push(this.#byRoot, rule.rootHash, rule);
    else this.#others.push(rule);
  }

  verify(claims: Claims, rootClaim: string | null, now: number): RevocationVerdict {
    if (this.incomplete) return 'ask';
    if (this.size === 0) return undefined;
    const token = hashesOf(claims, rootClaim);
    const candidates = [
      ...(this.#byJti.get(token.jti ?? '') ?? []),
      ...(this.#byRoot.get(token.root ?? '') ?? []),
      ...this.#others,
    ];
    const fitting = candidates.filter((rule) => inForce(rule, now) && fits(rule, token));
    if (fitting.some(({ ask }) => !ask)) return 'revoked';
    return fitting.length > 0 ? 'ask' : undefined;
  }

  /** Without what can fit no living token any more. */
  swept(now: number): RevokedRules {
    const left = new RevokedRules();
    left.incomplete = this.incomplete;
    const all = [...this.#byJti.values(), ...this.#byRoot.values(), this.#others].flat();
    for (const rule of all) if (inForce(rule, now)) left.add(rule);
    return left;
  }
}

/** Whether one rule concerns the token, so that what was said of it must be thought over. */
export function concerns(rule: RevokedTokens, token: KeptToken, rootClaim: string | null): boolean {
  if (token.hashes?.rootClaim !== rootClaim)
    token.hashes = { rootClaim, ...hashesOf(token.claims, rootClaim) };
  return fits(rule, token.hashes);
}

/** A token that is compared with each revocation. Hashing all of them each time would hold up the event loop. */
export interface KeptToken {
  readonly claims: Claims;
  hashes: (TokenHashes & { readonly rootClaim: string | null }) | undefined;
}

interface TokenHashes {
  readonly jti: string | undefined;
  readonly root: string | undefined;
  readonly iat: number;
}

function hashesOf(claims: Claims, rootClaim: string | null): TokenHashes {
  const hashed = (value: unknown) =>
    typeof value === 'string' ? hash('sha256', value, 'base64url') : undefined;
  return {
    jti: hashed(claims.jti),
    root: rootClaim === null ? undefined : hashed(claims[rootClaim]),
    iat: Number(claims.iat),
  };
}

function fits(rule: RevokedTokens, { jti, root, iat }: TokenHashes): boolean {
  return (
    (rule.jtiHash === null || rule.jtiHash === jti) &&
    (rule.rootHash === null || rule.rootHash === root) &&
    (rule.issuedFrom === null || rule.issuedFrom <= iat) &&
    (rule.issuedUntil === null || rule.issuedUntil >= iat)
  );
}

function inForce({ lapsesAt }: RevokedTokens, now: number): boolean {
  return lapsesAt === null || lapsesAt > now;
}

function push(groups: Map<string, RevokedTokens[]>, name: string, rule: RevokedTokens): void {
  const group = groups.get(name);
  if (group) group.push(rule);
  else groups.set(name, [rule]);
}
