// npm run faults: breaks what a service of its own stands on, one thing after the other, while it is at work, and prints
// what callers got, whether and when it was well again, and what was told. Ends with 1 where a row is not as it should be.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fields, plainPage } from '../src/cli/table.ts';
import { paint } from '../src/cli/text.ts';
import type { Fault } from './faults/fault.ts';
import { hsmFaults } from './faults/hsm.ts';
import { WAYS } from './faults/probes.ts';
import { processFaults } from './faults/process.ts';
import { openStage, waitUntil } from './faults/stage.ts';
import { storageFaults } from './faults/storage.ts';

const FAULTS: readonly Fault[] = [...hsmFaults, ...storageFaults, ...processFaults];
const LASTS_SECONDS = 5;
const PATIENCE_MS = 90_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

interface Outcome {
  readonly fault: string;
  /** Of tokens, of verification, and of readiness, while the cause lasted. */
  readonly answers: Readonly<Record<string, string>>;
  readonly slowest_ms: number;
  /** From the end of the cause until all three were answered well; null where they never were. */
  readonly well_after_ms: number | null;
  readonly events: readonly string[];
  /** Of these, what a notification target had before the cause was over. */
  readonly told_targets: readonly string[];
  readonly runbook: string | null;
  readonly ok: boolean;
}

const outcomes: Outcome[] = [];
for (const fault of FAULTS.filter(({ name }) => name.includes(values.only))) {
  const missing = fault.missing?.();
  if (missing !== undefined) console.error(`${fault.name}: not tried, ${missing}`);
  else {
    if (!values.json) console.error(`${fault.name} …`);
    outcomes.push(await play(fault));
  }
}
console.log(values.json ? JSON.stringify(outcomes, null, 2) : shown(outcomes));
if (outcomes.length === 0 || !outcomes.every(({ ok }) => ok)) process.exitCode = 1;

async function play(fault: Fault): Promise<Outcome> {
  const stage = await openStage(fault);
  try {
    const before = await stage.eventTypes();
    const seen = new Set<string>();
    const newTypes = async () => {
      for (const type of await stage.eventTypes()) if (!before.has(type)) seen.add(type);
      return [...seen];
    };
    stage.probes.forget();
    await fault.inject(stage);
    await pause((fault.seconds ?? LASTS_SECONDS) * 1_000);
    const answers = Object.fromEntries(WAYS.map((way) => [way, stage.probes.told(way)]));
    const { slowestMs } = stage.probes;
    await newTypes();
    const told_targets = [...stage.targetTypes()].filter((type) => !before.has(type));
    await fault.mend?.(stage);
    const mended = performance.now();
    const takesPerson = fault.runbook !== undefined && fault.mend === undefined;
    const patience = takesPerson ? 0 : PATIENCE_MS;
    const isWell = await waitUntil(() => stage.probes.isWellSince(mended), patience);
    const wellAfter = performance.now() - mended;
    const isTold = async () => {
      const types = await newTypes();
      return fault.events.length === 0 || fault.events.some((type) => types.includes(type));
    };
    const told = await waitUntil(isTold, PATIENCE_MS);
    return {
      fault: fault.name,
      answers,
      slowest_ms: Math.round(slowestMs),
      well_after_ms: isWell ? Math.round(wellAfter) : null,
      events: await newTypes(),
      told_targets,
      runbook: fault.runbook ?? null,
      ok: (isWell || takesPerson) && told,
    };
  } finally {
    await stage.close();
  }
}

function shown(all: readonly Outcome[]): string {
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return all.map((outcome) => block(outcome, colour)).join('\n\n');
}

function unwell(runbook: string | null): string {
  return runbook === null ? 'no' : `takes a person: docs/runbooks/${runbook}`;
}

function block({ fault, answers, well_after_ms: after, ...rest }: Outcome, colour: boolean): string {
  const verdict = rest.ok ? paint('ok', 'green', colour) : paint('NOT WELL', 'red', colour);
  const by = rest.runbook === null ? 'by itself' : `by ${rest.runbook}`;
  const pairs = [
    ...WAYS.map((way) => [way, answers[way] ?? ''] as const),
    ['slowest', `${rest.slowest_ms} ms`],
    ['well again', after === null ? unwell(rest.runbook) : `${by}, ${after} ms after the cause was over`],
    ['events', rest.events.join(', ') || 'none'],
    ['told targets', rest.told_targets.join(', ') || 'none'],
  ] as const;
  return `${fault}: ${verdict}\n${fields(pairs, plainPage(colour))}`;
}
