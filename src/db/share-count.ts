import type { Shares } from '../domain/key-use.ts';

const LISTED = 100;
/** Names that are told apart; beyond them they are only counted, each time that one appears. */
const REMEMBERED = 100_000;

/** Tokens by name, in bounded memory. */
export class ShareCount {
  readonly #tokens = new Map<string, number>();
  #beyond = 0;

  add(name: string, tokens: number): void {
    const before = this.#tokens.get(name);
    if (before !== undefined || this.#tokens.size < REMEMBERED) {
      this.#tokens.set(name, (before ?? 0) + tokens);
    } else {
      this.#beyond += 1;
    }
  }

  shares(): Shares {
    const all = [...this.#tokens].map(([name, tokens]) => ({ name, tokens }));
    all.sort((a, b) => b.tokens - a.tokens || (a.name < b.name ? -1 : 1));
    return { listed: all.slice(0, LISTED), more: Math.max(0, all.length - LISTED) + this.#beyond };
  }
}
