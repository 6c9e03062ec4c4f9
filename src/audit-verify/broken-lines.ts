import { endedLinesOf } from '../audit/sink-line.ts';
import type { Findings } from '../kernel/audit.ts';

interface PlacedLine {
  readonly file: string;
  /** 1 for the first of its file. */
  readonly number: number;
  readonly line: string;
  readonly isEnded: boolean;
}

export function* placedLines(files: readonly string[]): Generator<PlacedLine> {
  for (const file of files) {
    let number = 0;
    for (const each of endedLinesOf(file)) {
      number += 1;
      yield { file, number, ...each };
    }
  }
}

/** An intent is told once; its change was not made. */
const INTENT = '{"intent"';

/** What a crash cut short is given again soon: so many that wait for it were left by none. */
const MOST_HALVES = 100;

/** The lines that are no entry, but for the half of one that follows whole: a crash left it. */
export class BrokenLines {
  readonly #findings: Findings;
  readonly #nameOf: (line: PlacedLine) => string;
  readonly #halves = new Map<string, string>();

  constructor(findings: Findings, nameOf: (line: PlacedLine) => string) {
    this.#findings = findings;
    this.#nameOf = nameOf;
  }

  /** To be called of every line, in order. */
  take(placed: PlacedLine, isEntry: boolean): void {
    if (isEntry) this.#meet(placed.line);
    else this.#add(placed);
  }

  #add(placed: PlacedLine): void {
    const half = placed.line.replace(/\ufffd$/, '');
    if (half === '') this.#report(this.#nameOf(placed));
    else if (!half.startsWith(INTENT) && !INTENT.startsWith(half))
      this.#halves.set(this.#nameOf(placed), half);
    if (this.#halves.size > MOST_HALVES) this.finish();
  }

  #meet(whole: string): void {
    for (const [at, half] of this.#halves) if (whole.startsWith(half)) this.#halves.delete(at);
  }

  finish(): void {
    for (const at of this.#halves.keys()) this.#report(at);
    this.#halves.clear();
  }

  #report(place: string): void {
    this.#findings.add('file', 'unreadable', place, 'it is no entry of an audit trail');
  }
}
