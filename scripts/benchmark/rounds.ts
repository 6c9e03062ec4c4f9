import { median } from './median.ts';

export interface Sample {
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  readonly longestMs?: number;
  readonly failed?: number;
  /** Of one token, as the wake-ups. */
  readonly cpuUs?: number;
  readonly wakeUps?: number;
  /** Microseconds of one token. */
  readonly byThread?: Readonly<Record<string, number>>;
  readonly refusedAfterMs?: number;
}

type Figure = Exclude<keyof Sample, 'byThread'>;

export interface Cell {
  readonly name: string;
  measure(round: number): Promise<Sample>;
}

/** What was measured, by cell; one sample a round. */
export class Samples {
  readonly #samples = new Map<string, Sample[]>();

  add(name: string, sample: Sample): void {
    this.#samples.set(name, [...this.of(name), sample]);
  }

  of(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  /** NaN where nothing was measured. */
  median(name: string, figure: Figure = 'perSecond'): number {
    return median(this.of(name).map((sample) => sample[figure] ?? Number.NaN));
  }

  /** The median of the rounds' ratios: what was measured in one round was measured under alike conditions. */
  ratio(name: string, other: string, figure: Figure = 'perSecond'): number {
    const others = this.of(other);
    return median(
      this.of(name).map(
        (sample, round) => (sample[figure] ?? Number.NaN) / (others[round]?.[figure] ?? Number.NaN),
      ),
    );
  }

  byThread(name: string): Readonly<Record<string, number>> {
    const all = this.of(name).map(({ byThread }) => byThread ?? {});
    const threads = [...new Set(all.flatMap((one) => Object.keys(one)))];
    return Object.fromEntries(threads.map((thread) => [thread, median(all.map((one) => one[thread] ?? 0))]));
  }
}

/** All cells in turn, and every other round backwards: a machine that becomes busier favours nobody. */
export async function runRounds(cells: readonly Cell[], rounds: number, samples: Samples): Promise<void> {
  const began = performance.now();
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of round % 2 === 0 ? cells : cells.toReversed()) {
      showProgress(
        `round ${round + 1} of ${rounds}, ${name}${timeLeft(began, done / (rounds * cells.length))}`,
      );
      const sample = await measure(round);
      samples.add(name, sample);
      if (sample.failed) process.stderr.write(`\n${name}: ${sample.failed} requests failed\n`);
      done += 1;
    }
    if (!process.stderr.isTTY) process.stderr.write(`round ${round + 1} of ${rounds} is done\n`);
  }
  showProgress('');
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function timeLeft(began: number, share: number): string {
  if (share < 0.02) return '';
  const seconds = ((performance.now() - began) / 1_000) * (1 / share - 1);
  return seconds < 90 ? `, ${Math.round(seconds)} s left` : `, ${Math.round(seconds / 60)} min left`;
}
