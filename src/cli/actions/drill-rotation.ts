import { rehearseRotation } from '../../rehearse-rotation.ts';
import type { Context } from '../context.ts';
import { describeSimulation, mishapsOf } from '../describe-simulation.ts';
import { CommandFailure, EXIT, usageFailure } from '../failure.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

/** Ten years take some minutes. */
const MOST_DAYS = 3_650;

interface RotationDrill {
  readonly days: number;
  readonly seed: number;
  readonly record?: boolean;
}

export async function drillRotation(
  context: Context,
  { days, seed, record = false }: RotationDrill,
): Promise<void> {
  if (days < 1 || days > MOST_DAYS) throw usageFailure(`--days: use a whole number from 1 to ${MOST_DAYS}`);
  const call = record ? await connect(context) : undefined;
  const began = performance.now();
  const report = await rehearseRotation({ days, seed });
  const mishaps = mishapsOf(report).length;
  const name = `${report.rotations} rotations in ${days} days`;
  const steps = [{ name, took_ms: Math.round(performance.now() - began) }];
  await call?.('POST', '/drills', { drill: 'rotation', passed: mishaps === 0, steps });
  show(context, { days, seed, passed: mishaps === 0, ...representation(report) }, () =>
    describeSimulation(report, context),
  );
  if (mishaps > 0) throw new CommandFailure(EXIT.failed, 'drill_failed', `${mishaps} things went wrong`);
}

function representation(report: Awaited<ReturnType<typeof rehearseRotation>>) {
  return {
    from: report.from,
    until: report.until,
    rotations: report.rotations,
    key_sets: report.keySets,
    tokens_issued: report.issued,
    good_shown: report.goodShown,
    bad_shown: report.badShown,
    refused_good: report.refusedGood,
    accepted_bad: report.acceptedBad,
    not_issued: report.notIssued,
    longest_behind_seconds: report.longestBehind,
  };
}
