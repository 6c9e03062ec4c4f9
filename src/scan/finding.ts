import type { CredentialKind } from '../kernel/actor.ts';

type KeyFormat = 'pem' | 'jwk' | 'der' | 'pkcs12' | 'putty' | 'ssh2';

/** What a recogniser saw in some bytes. `secret` stays in this process: it is never printed. */
export type Sight = Readonly<
  | { kind: 'credential'; of: CredentialKind; secret: string }
  /**
   * `digest` is the ledger's name for it; times are its own claims, rounded down. `isStatement`: one of Keyward's own,
   * unless the ledger has it.
   */
  | { kind: 'token'; secret: string; digest: Buffer; iat: number; exp: number | null; isStatement: boolean }
  | { kind: 'private_key'; format: KeyFormat; label: string; encrypted: boolean; secret: string }
  /** `file`: the PIN file that holds it; null for one that is known by its form. */
  | { kind: 'pin'; secret: string; file: string | null }
>;

/** A sight with its place in what was read. */
export interface Found {
  /** In bytes from the start. */
  readonly offset: number;
  /** From 1; null where it is no text. */
  readonly line: number | null;
  readonly sight: Sight;
}

/** Finds in a text all there is of one kind; `at` is where it begins, in characters. */
export interface Recogniser {
  /** Without one of these the text holds none: looked for first, since that is quick. */
  readonly needles: readonly string[];
  /** Whether it knows base64 itself: it is not shown what was decoded. */
  readonly readsEncodings?: boolean;
  find(text: string): Iterable<{ readonly at: number; readonly sight: Sight }>;
}

/** What one archive may cost: past it the rest is left unread, and said to be. */
export const EXPANSION_LIMITS = {
  /** Archives within archives. */
  depth: 5,
  /** Of one file, in all archives within it. */
  entries: 200_000,
  /** Bytes unpacked of one file, in all. */
  totalBytes: 16 * 1024 ** 3,
  /** Bytes unpacked for each byte packed, once `ratioFromBytes` were unpacked. */
  ratio: 200,
  ratioFromBytes: 64 * 1024 ** 2,
  /** A zip within an archive is held in memory: its directory stands at its end. */
  heldBytes: 128 * 1024 ** 2,
  /** What a tar may say of its entries beside their contents. */
  tarHeaderBytes: 16 * 1024 ** 2,
} as const;

export type ExpansionLimits = { readonly [K in keyof typeof EXPANSION_LIMITS]: number };

/** The rest of an archive, or of a file, is left unread. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
}

/** What is left of the limits while one file is unpacked. */
export class Expansion {
  readonly limits: ExpansionLimits;
  #entries = 0;
  #bytes = 0;

  constructor(limits: ExpansionLimits) {
    this.limits = limits;
  }

  enter(depth: number): void {
    if (depth > this.limits.depth)
      throw new LimitReached(`archives are nested deeper than ${this.limits.depth}`);
    this.#entries += 1;
    if (this.#entries > this.limits.entries)
      throw new LimitReached(`more than ${this.limits.entries} entries`);
  }

  /** Passes on what was unpacked, as long as it is in proportion to what it was unpacked from. */
  async *watched(unpacked: AsyncIterable<Uint8Array>, packedBytes: () => number): AsyncGenerator<Uint8Array> {
    const { totalBytes, ratio, ratioFromBytes } = this.limits;
    let here = 0;
    for await (const chunk of unpacked) {
      here += chunk.length;
      this.#bytes += chunk.length;
      if (this.#bytes > totalBytes) throw new LimitReached(`it unpacks to more than ${totalBytes} bytes`);
      if (here > ratioFromBytes && here > ratio * packedBytes()) {
        throw new LimitReached(`it unpacks to more than ${ratio} times its size`);
      }
      yield chunk;
    }
  }
}
