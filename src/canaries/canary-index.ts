import { digestOfCredential } from '../kernel/credential.ts';
import type { RequestOrigin } from '../kernel/verification.ts';
import { digestOf } from '../token/signing-input.ts';
import type { Canary, CanaryStore, CanaryTrigger, CanaryUse } from './canary.ts';

/**
 * A credential, or what is signed of a token: an encoded JSON object begins like this. Tokens are looked for at the
 * beginning of a segment alone, so that no text takes long.
 */
const SECRET = /kw_(?:svc|ops)_[0-9A-Za-z]{36}|(?<![\w-])eyJ[\w-]+\.[\w-]+/g;
const BASIC = /^basic +([\w+/-]+)/i;
const MOST_FOUND = 16;

/** Of the credentials and tokens in a text, as decoys are known by, whatever stands before and after them. */
function digestsIn(text: string): readonly Buffer[] {
  const [, encoded] = BASIC.exec(text) ?? [];
  const plain = encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('latin1');
  const found = Array.from(formDecoded(plain).matchAll(SECRET), ([secret]) => secret).slice(0, MOST_FOUND);
  return found.map((secret) => (secret.startsWith('kw_') ? digestOfCredential(secret) : digestOf(secret)));
}

/** As forms have it, and the Basic scheme of OAuth: `_` and `.` may be written `%5F` and `%2E`. */
function formDecoded(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The decoys that raise an alarm, in memory, as the registry has them: what is asked in the way of requests. */
export class CanaryIndex {
  readonly #all = new Map<string, Canary>();
  readonly #byDigest = new Map<string, Canary>();
  readonly #byKid = new Map<string, Canary>();

  constructor(store: Pick<CanaryStore, 'follow'>) {
    store.follow((changed) => {
      for (const canary of changed) this.#take(canary);
    });
  }

  /** In place of what was known of it. */
  #take(canary: Canary): void {
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

/** As the ledger names it: the signature, which may be altered, is no part of it. Whatever else it is, it is not read. */
export function digestOfToken(presented: string): Buffer {
  return digestOf(presented.slice(0, Math.max(0, presented.lastIndexOf('.'))));
}

/** A use by whoever showed a token, as far as that is known. */
export function touchBy(use: CanaryUse, by: RequestOrigin | undefined): CanaryTrigger {
  return {
    use,
    caller: typeof by?.clientId === 'string' ? `client:${by.clientId}` : null,
    remote: by?.remote,
    requestId: by?.requestId ?? null,
  };
}
