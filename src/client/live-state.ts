import type { KeyState } from '../kernel/key.ts';
import type { KeyStanding, RevokedTokens, ScopeEvent } from '../kernel/publication.ts';
import { MAX_KEYS } from '../token/published-key-set.ts';
import { furthestVersion } from './key-set-keeper.ts';
import { concerns, type KeptToken, type RevocationVerdict, RevokedRules } from './revoked-rules.ts';

type Claims = Readonly<Record<string, unknown>>;

interface LiveStateDeps {
  readonly nowSeconds: () => number;
  /** A key may have been withdrawn: nothing that was found good before may be believed unseen. */
  readonly onKeysChanged: () => void;
  /** Tokens that it concerns are to be judged anew. */
  readonly onRevoked: (concerned: (token: KeptToken) => boolean) => void;
}

interface ToldKeys {
  readonly version: number;
  readonly keys: readonly KeyStanding[];
}

const SWEEP_SECONDS = 60;
/** Those of the key set, and as many that were withdrawn since the snapshot. */
const MOST_STATES = 2 * MAX_KEYS;

/** What the event stream says of a scope beyond its key set: how the keys stand, and what is revoked. */
export class LiveState {
  readonly #deps: LiveStateDeps;
  #states: ReadonlyMap<string, KeyState> = new Map();
  /** Of the key set, as the events last told it. */
  version = 0;
  #rules = new RevokedRules();
  /** Of a snapshot that is not told in full; what it will replace is in force until then. */
  #coming: RevokedRules | undefined;
  #rootClaim: string | null = null;
  #sweptAt = 0;
  /** Whether nothing that has happened is unknown. */
  current = false;

  constructor(deps: LiveStateDeps) {
    this.#deps = deps;
  }

  stateOf(kid: string): KeyState | undefined {
    return this.#states.get(kid);
  }

  revocation(claims: Claims): RevocationVerdict {
    return this.#rules.verify(claims, this.#rootClaim, this.#deps.nowSeconds());
  }

  lost(): void {
    this.current = false;
    this.#coming = undefined;
  }

  apply(event: ScopeEvent): void {
    switch (event.type) {
      case 'snapshot':
        this.#rootClaim = event.rootClaim;
        this.#coming = new RevokedRules();
        this.#takeKeys(event, undefined);
        this.#page(event);
        break;
      case 'revocations':
        this.#page(event);
        break;
      case 'resumed':
        this.current = true;
        break;
      case 'key_set':
        this.#setKeys(event);
        break;
      case 'compromised':
      case 'suspended':
        this.#withdraw(event.kid, event.type);
        this.#deps.onKeysChanged();
        break;
      case 'revoked':
        this.#revoke(event.revocation);
        break;
    }
  }

  #withdraw(kid: string, state: 'compromised' | 'suspended'): void {
    if (!this.#states.has(kid) && this.#states.size >= MOST_STATES) throw new Error('too many keys');
    this.#states = new Map(this.#states).set(kid, state);
  }

  #setKeys(told: ToldKeys): void {
    if (told.version >= this.version) this.#takeKeys(told, this.version);
  }

  #takeKeys({ version, keys }: ToldKeys, seen: number | undefined): void {
    if (version > furthestVersion(seen)) throw new Error('the key set version is too far ahead');
    if (keys.length > MAX_KEYS) throw new Error('too many keys');
    this.version = version;
    this.#states = new Map(keys.map(({ kid, state }) => [kid, state]));
    this.#deps.onKeysChanged();
  }

  #page({
    revocations,
    more,
    incomplete,
  }: {
    revocations: readonly RevokedTokens[];
    more: boolean;
    incomplete: boolean;
  }): void {
    const coming = this.#coming;
    if (!coming) return;
    for (const rule of revocations) coming.add(rule);
    if (more) return;
    coming.incomplete ||= incomplete;
    this.#rules = coming;
    this.#coming = undefined;
    this.current = true;
    this.#deps.onRevoked(({ claims }) => this.revocation(claims) !== undefined);
  }

  #revoke(rule: RevokedTokens): void {
    this.#sweep();
    this.#rules.add(rule);
    this.#coming?.add(rule);
    this.#deps.onRevoked((token) => concerns(rule, token, this.#rootClaim));
  }

  #sweep(): void {
    const now = this.#deps.nowSeconds();
    if (now < this.#sweptAt + SWEEP_SECONDS) return;
    this.#sweptAt = now;
    this.#rules = this.#rules.swept(now);
  }
}
