import { createPowerLoss, type PowerLoss } from '../../test/support/power-loss.ts';
import type { Bench } from './bench.ts';
import { ClientTokens } from './client-tokens.ts';
import { ConsistencyCheck } from './consistency.ts';
import { Figures } from './figures.ts';
import { killFronts } from './kill-fronts.ts';
import { killSigners } from './kill-signers.ts';
import type { Options } from './options.ts';
import { randomFrom } from './random.ts';
import { awaitEnd } from './signers.ts';

/** What every round works with. */
export interface Run {
  readonly bench: Bench;
  readonly options: Pick<Options, 'kills' | 'target'>;
  readonly random: () => number;
  readonly clientTokens: ClientTokens;
  readonly consistency: ConsistencyCheck;
  readonly figures: Figures;
  readonly powerLoss: PowerLoss | undefined;
  /** Of every signer that was seen. */
  readonly signerPids: Set<number>;
  told(): void;
}

/** Kills as often as asked, and holds the service to its word after each. */
export async function crash(
  bench: Bench,
  options: Omit<Options, 'help'>,
  report: (figures: Figures) => void = () => {},
): Promise<Figures> {
  const clientTokens = new ClientTokens();
  const figures = new Figures(clientTokens);
  const consistency = new ConsistencyCheck(bench, clientTokens);
  const powerLoss = options.forget ? await createPowerLoss(bench.folder) : undefined;
  const run: Run = {
    bench,
    options,
    random: randomFrom(options.seed),
    clientTokens,
    consistency,
    figures,
    powerLoss,
    signerPids: new Set(),
    told: () => report(figures),
  };
  const began = performance.now();
  try {
    await (options.target === 'signer' ? killSigners(run) : killFronts(run));
    figures.add(await consistency.examineAll());
    figures.add(await awaitEnd(run.signerPids));
    figures.records = consistency.records();
    figures.lost = consistency.lost.size;
  } finally {
    powerLoss?.remove();
  }
  figures.seconds = (performance.now() - began) / 1_000;
  return figures;
}
