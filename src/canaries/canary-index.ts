import type { Canary } from '../kernel/canary.ts';
import { digestsIn } from '../watch/canaries/digests-in.ts';

/** The decoys that raise an alarm, in memory: what is asked in the way of requests. */
export class CanaryIndex {
  readonly #all = new Map<string, Canary>();
  readonly #byDigest = new Map<string, Canary>();
  readonly #byKid = new Map<string, Canary>();

  constructor(canaries: readonly Canary[]) {
    for (const canary of canaries) this.put(canary);
  }

  /** In place of what was known of it. */
  put(canary: Canary): void {
    const { id, digest, key, retiredAt } = canary;
    const stands = retiredAt === null;
    this.#all.set(id, canary);
    if (digest) set(this.#byDigest, digest.toString('hex'), canary, stands);
    if (key?.made) set(this.#byKid, key.made.kid, canary, stands);
  }

  get(id: string): Canary | undefined {
    return this.#all.get(id);
  }

  /** The retired ones too, the oldest first. */
  all(): readonly Canary[] {
    return [...this.#all.values()];
  }

  /** Of a credential or a signing input. */
  ofDigest(digest: Buffer): Canary | undefined {
    return this.#byDigest.get(digest.toString('hex'));
  }

  /** Whose credentials and tokens stand in a text, each once. */
  shownIn(text: string): readonly Canary[] {
    if (this.#byDigest.size === 0) return [];
    const found = digestsIn(text).map((digest) => this.ofDigest(digest));
    return [...new Set(found)].filter((canary) => canary !== undefined);
  }

  ofKid(kid: string): Canary | undefined {
    return this.#byKid.get(kid);
  }

  /** Keys that were made and are not retired. */
  keys(): readonly Canary[] {
    return [...this.#byKid.values()];
  }
}

function set(map: Map<string, Canary>, name: string, canary: Canary, stands: boolean): void {
  if (stands) map.set(name, canary);
  else map.delete(name);
}
