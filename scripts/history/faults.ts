import type { Fault } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import type { Engine } from './options.ts';
import { processFaults } from './process-faults.ts';
import { serverFaults } from './server-faults.ts';

const FAULTS: readonly Fault[] = [...processFaults, ...networkFaults, ...serverFaults];

/** Those of the engine and so many fronts, or the ones named; throws an Error that is for the caller. */
export function chosenFaults(engine: Engine, names: readonly string[], fronts = 1): readonly Fault[] {
  const possible = FAULTS.filter(
    ({ engines, needsFronts }) => engines.includes(engine) && (fronts > 1 || !needsFronts),
  );
  const unknown = names.find((name) => !possible.some((fault) => fault.name === name));
  if (unknown !== undefined)
    throw new Error(
      `${engine} with ${fronts === 1 ? 'one front' : `${fronts} fronts`} has no fault ${unknown}`,
    );
  return names.length === 0 ? possible : possible.filter(({ name }) => names.includes(name));
}

export function describeFaults(): string {
  const width = Math.max(...FAULTS.map(({ name }) => name.length));
  return FAULTS.map(
    ({ name, what, engines, needsFronts }) =>
      `  ${name.padEnd(width)}  ${what} (${engines.join(', ')}${needsFronts ? ', --fronts 2 or more' : ''})`,
  ).join('\n');
}
