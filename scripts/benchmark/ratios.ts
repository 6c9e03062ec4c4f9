import { algorithmName, BAO, BATCH, FULL, LOOP_THREADS, loopName, SATURATION, slowName } from './cells.ts';
import { INCIDENTS } from './incidents.ts';
import { cellName, type Kind } from './load-cells.ts';
import type { Samples } from './rounds.ts';
import { SESSIONS, SLOW_SIGNATURE_MS } from './stage.ts';

export interface Ratio {
  readonly name: string;
  /** Of tokens a second. */
  readonly value: number;
  /** The other's processor time for a token, to ours; undefined where the other's is not known. */
  readonly byCpu?: number;
  readonly goal?: number;
}

const [undisturbed, ...disturbances] = INCIDENTS;
const PEER = 'Express + jose';
const GOALS: Readonly<Record<Kind, Readonly<Record<number, number>>>> = {
  issue: { 1: 0.65, 4: 0.65, 16: 0.65, 64: 0.85 },
  verify: { 1: 0.75, 4: 0.75, 16: 0.75, 64: 0.95 },
};
const LOOP_GOALS: Readonly<Record<string, number>> = { RS256: 0.85, Ed25519: 0.7 };

/** Of what was measured. */
export function ratiosOf(samples: Samples): readonly Ratio[] {
  const against = (name: string, cell: string, other: string, goal?: number): Ratio => {
    const byCpu = samples.ratio(other, cell, 'cpuUs');
    return {
      name,
      value: samples.ratio(cell, other),
      ...(Number.isNaN(byCpu) ? {} : { byCpu }),
      ...(goal === undefined ? {} : { goal }),
    };
  };
  const toPeer = (kind: Kind, connections: number) =>
    against(
      `${kind} at ${connections}, to ${PEER}`,
      cellName(kind, connections, 'Keyward'),
      cellName(kind, connections, PEER),
      GOALS[kind][connections],
    );
  const ratios = [
    ...FULL.issue.map((connections) => toPeer('issue', connections)),
    ...FULL.verify.map((connections) => toPeer('verify', connections)),
    against('issue at 64, to OpenBao transit', SATURATION, BAO, 1),
    against('ES256 at 64, to the C loop', SATURATION, loopName('ES256', LOOP_THREADS)),
    ...Object.entries(LOOP_GOALS).map(([algorithm, goal]) =>
      against(
        `${algorithm} at 64, to the C loop`,
        algorithmName(algorithm),
        loopName(algorithm, LOOP_THREADS),
        goal,
      ),
    ),
    against('batches of 100, to single tokens', BATCH, SATURATION, 2.5),
    ...FULL.slow.map((connections) => slowRatio(samples, connections)),
    ...disturbances.map((incident) =>
      against(`during a ${incident}, to ${undisturbed}`, incident, undisturbed),
    ),
  ];
  return ratios.filter(({ value }) => !Number.isNaN(value));
}

/** To what the sessions can do that so many requests keep busy. */
function slowRatio(samples: Samples, connections: number): Ratio {
  const most = (Math.min(connections, SESSIONS) * 1_000) / SLOW_SIGNATURE_MS;
  return {
    name: `slow HSM at ${connections}, to sessions ÷ latency`,
    value: samples.median(slowName(connections)) / most,
    ...(connections < SESSIONS ? {} : { goal: 0.95 }),
  };
}
