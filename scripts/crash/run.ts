import { createForgetting, type Forgetting } from '../../test/support/forget.ts';
import type { Bench } from './bench.ts';
import { Figures } from './figures.ts';
import { Hands } from './hands.ts';
import { killFronts } from './kill-fronts.ts';
import { killSigners } from './kill-signers.ts';
import type { Options } from './options.ts';
import { randomFrom } from './random.ts';
import { awaitEnd } from './signers.ts';
import { Witness } from './witness.ts';

/** What every round works with. */
export interface Run {
  readonly bench: Bench;
  readonly options: Pick<Options, 'kills' | 'target'>;
  readonly random: () => number;
  readonly hands: Hands;
  readonly witness: Witness;
  readonly figures: Figures;
  readonly forgetting: Forgetting | undefined;
  /** Of every signer that was seen. */
  readonly signerPids: Set<number>;
  told(): void;
}

/** Kills as often as asked, and holds the service to its word after each. */
export async function crash(
  bench: Bench,
  options: Omit<Options, 'help'>,
  tell: (figures: Figures) => void = () => {},
): Promise<Figures> {
  const hands = new Hands();
  const figures = new Figures(hands);
  const witness = new Witness(bench, hands);
  const forgetting = options.forget ? await createForgetting(bench.folder) : undefined;
  const run: Run = {
    bench,
    options,
    random: randomFrom(options.seed),
    hands,
    witness,
    figures,
    forgetting,
    signerPids: new Set(),
    told: () => tell(figures),
  };
  const began = performance.now();
  try {
    await (options.target === 'signer' ? killSigners(run) : killFronts(run));
    figures.add(await witness.examineAll());
    figures.add(await awaitEnd(run.signerPids));
    figures.records = witness.records();
    figures.lost = witness.lost.size;
  } finally {
    forgetting?.remove();
  }
  figures.seconds = (performance.now() - began) / 1_000;
  return figures;
}
