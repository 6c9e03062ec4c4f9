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
  /** p99, of the event loop. */
  readonly loopDelayMs?: number;
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

  /** How many requests failed, by cell; only where some did. */
  failures(): Readonly<Record<string, number>> {
    const failed = (samples: readonly Sample[]) => samples.reduce((sum, each) => sum + (each.failed ?? 0), 0);
    return Object.fromEntries(
      [...this.#samples]
        .map(([name, samples]) => [name, failed(samples)] as const)
        .filter(([, count]) => count > 0),
    );
  }

  byThread(name: string): Readonly<Record<string, number>> {
    const all = this.of(name).map(({ byThread }) => byThread ?? {});
    const threads = [...new Set(all.flatMap((one) => Object.keys(one)))];
    return Object.fromEntries(threads.map((thread) => [thread, median(all.map((one) => one[thread] ?? 0))]));
  }
}

/** Told before each measurement, and at the end, without a cell; `share` of all has been done. */
export type Progress = (round: number, cell: string | undefined, share: number) => void;

/** All cells in turn, and every other round backwards: a machine that becomes busier favours nobody. */
export async function runRounds(
  cells: readonly Cell[],
  rounds: number,
  samples: Samples,
  onProgress: Progress,
): Promise<void> {
  for (let done = 0; done < rounds * cells.length; done++) {
    const round = Math.floor(done / cells.length);
    const cell = (round % 2 === 0 ? cells : cells.toReversed())[done % cells.length] as Cell;
    onProgress(round, cell.name, done / (rounds * cells.length));
    samples.add(cell.name, await cell.measure(round));
  }
  onProgress(rounds, undefined, 1);
}
