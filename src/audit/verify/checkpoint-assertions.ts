import type { ChainName } from '../../domain/checkpoint.ts';
import type { Findings, TrailPart } from '../../audit-verify/finding.ts';

/** What checkpoints saw of one chain: as the chain is walked, each place is held against it. */
export class CheckpointAssertions {
  readonly #part: TrailPart;
  readonly #findings: Findings;
  readonly #unit: string;
  readonly #seen = new Map<number, { readonly hash: string; readonly witness: string }>();

  constructor(part: Extract<TrailPart, ChainName>, unit: string, findings: Findings) {
    this.#part = part;
    this.#unit = unit;
    this.#findings = findings;
  }

  expect(sequence: number, hash: Uint8Array, witness: string): void {
    if (sequence === 0) return;
    const text = base64url(hash);
    const other = this.#seen.get(sequence);
    if (!other) this.#seen.set(sequence, { hash: text, witness });
    else if (other.hash !== text) {
      this.#fork(sequence, `${other.witness} and ${witness} saw different chains`);
    }
  }

  check(sequence: number, hash: Uint8Array): void {
    const seen = this.#seen.get(sequence);
    if (seen === undefined) return;
    this.#seen.delete(sequence);
    if (seen.hash !== base64url(hash)) this.#fork(sequence, `${seen.witness} saw another hash there`);
  }

  /** At the end of the chain: whatever was seen beyond it is missing. */
  finish(last: number): void {
    for (const [sequence, { witness }] of this.#seen) {
      if (sequence <= last) continue;
      const detail = `ends at ${last}, but ${witness} saw ${this.#unit} ${sequence}`;
      this.#findings.add(this.#part, 'truncated', `${this.#unit} ${last + 1}`, detail);
    }
  }

  #fork(sequence: number, detail: string): void {
    this.#findings.add(this.#part, 'fork', `${this.#unit} ${sequence}`, detail);
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
