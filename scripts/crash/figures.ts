import type { ClientTokens } from './client-tokens.ts';

/** The texts of more than this many findings say nothing new. */
const MOST_TEXTS = 20;

/** What a run counted and found. */
export class Figures {
  kills = 0;
  readonly killsAt = { load: 0, start: 0, deed: 0 };
  /** From the word to begin to both listeners, in milliseconds. */
  readonly startsMs: number[] = [];
  readonly undone = { writes: 0, names: 0 };
  records = 0;
  /** Tokens in hands without a record. */
  lost = 0;
  seconds = 0;
  readonly #clientTokens: ClientTokens;
  readonly #texts: string[] = [];
  #findings = 0;

  constructor(clientTokens: ClientTokens) {
    this.#clientTokens = clientTokens;
  }

  /** In clients' hands. */
  get tokens(): number {
    return this.#clientTokens.held.length;
  }

  get findings(): number {
    return this.#findings;
  }

  /** The first of them, each with the kill after which it was seen. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  add(findings: readonly string[]): void {
    this.#findings += findings.length;
    const room = MOST_TEXTS - this.#texts.length;
    this.#texts.push(...findings.slice(0, room).map((finding) => `kill ${this.kills}: ${finding}`));
  }

  get progress(): string {
    return `${this.kills} kills, ${this.tokens} tokens in hands, ${this.findings} findings`;
  }

  lines(): string[] {
    const { revoked, grant, refused } = this.#clientTokens;
    const { load, start, deed } = this.killsAt;
    const starts = this.startsMs.toSorted((one, other) => one - other);
    const at = (share: number) => Math.round(starts[Math.floor((starts.length - 1) * share)] ?? 0);
    const refusals = [...refused].map(([status, count]) => `${count} with ${status}`).join(', ') || 'none';
    return [
      `${this.kills} kills in ${Math.round(this.seconds)} s: ${load} under load, ${start} during a start, ${deed} at a write or sync`,
      `start to listening: median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, longest ${at(1)} ms`,
      `${this.tokens} tokens in clients' hands, ${this.lost} of them without a record; ${this.records} records in all`,
      `${revoked.length} revocations and ${grant.changes} changes of a grant confirmed; refused: ${refusals}`,
      ...this.#undoneLines(),
      ...this.#texts,
      `${this.findings} findings`,
    ];
  }

  #undoneLines(): string[] {
    const { writes, names } = this.undone;
    if (writes + names === 0) return [];
    return [`forgotten: ${writes} writes and ${names} names, which were not synced`];
  }
}
