import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canMount } from '../../test/support/small-disk.ts';
import { randomFrom } from '../crash/random.ts';
import { check, RESTARTED_MS, type Violation } from './check.ts';
import { Clients } from './clients.ts';
import type { Fault } from './fault.ts';
import type { Options } from './options.ts';
import { firstTokensAfter } from './promotions.ts';
import type { Ended, Fault as FaultTold, Operation } from './record.ts';
import { outageOf, recoveryOf } from './recovery.ts';
import { openStage, type Stage } from './stage.ts';

/** What one fault of one round came to. */
export interface Played {
  readonly fault: string;
  readonly round: number;
  readonly seconds: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Whether a compromise was acknowledged while the fault lasted or at once after it. */
  readonly compromised: boolean;
  /** Until each front released tokens again; undefined where one did not. */
  readonly recoveryMs: number | undefined;
  /** The longest time without a token. */
  readonly outageMs: number;
  /** After each promotion of a series: until any front released a token. */
  readonly firstTokensMs: readonly number[];
  /** Processes of fronts that ended by themselves. */
  readonly ended: readonly Ended[];
  readonly violations: readonly Violation[];
}

export interface Result {
  readonly played: readonly Played[];
  /** Faults that this machine cannot play. */
  readonly omitted: readonly string[];
  /** Where the recorded histories lie. */
  readonly folder: string;
}

/** How long a compromise is tried again for that the fault has refused. */
const COMPROMISE_MS = 5_000;
/** Until a new service releases its first token. */
const FIRST_MS = 90_000;
const SHOWN_AGAIN = 80;
const SHOW_MS = 30_000;
const REPEATED_MS = 10_000;

/** Plays each fault once a round; each round has a stage of its own, and so has a fault after one that loses records. */
export async function run(
  options: Pick<Options, 'engine' | 'rounds' | 'seed'> & Partial<Pick<Options, 'fronts'>>,
  faults: readonly Fault[],
  report: (played: Played) => void = () => {},
): Promise<Result> {
  const hasDisks = canMount();
  const possible = faults.filter(({ needsDisks }) => hasDisks || !needsDisks);
  const folder = mkdtempSync(join(tmpdir(), 'keyward-history-'));
  const random = randomFrom(options.seed);
  const played: Played[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const ordered = inOrder(possible, random);
    while (ordered.length > 0) {
      const { engine, fronts = 1 } = options;
      const recordsAt = join(folder, `round-${round}`);
      const stage = await openStage({ engine, fronts, random, recordsAt, hasDisks });
      try {
        await playOn(stage, ordered, (each) => {
          played.push({ ...each, round });
          report({ ...each, round });
        });
      } finally {
        await stage.remove();
      }
    }
  }
  const omitted = faults.filter((fault) => !possible.includes(fault)).map(({ name }) => name);
  return { played, omitted, folder };
}

/** At random, and what ends a stage last. */
function inOrder(faults: readonly Fault[], random: () => number): Fault[] {
  const places = new Map(faults.map((fault) => [fault, random() + (fault.loses ? 1 : 0)]));
  return [...faults].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

/** Takes faults from the list until one ends the stage. */
async function playOn(
  stage: Stage,
  faults: Fault[],
  report: (played: Omit<Played, 'round'>) => void,
): Promise<void> {
  const clients = new Clients(stage);
  const known = new Set<string>();
  try {
    if (!(await clients.releasedAfter(0, FIRST_MS))) throw new Error('a front releases no token at all');
    for (let fault = faults.shift(); fault; fault = faults.shift()) {
      report(await play(stage, clients, fault, known));
      if (fault.loses) return;
    }
  } finally {
    await clients.stop();
  }
}

async function play(
  stage: Stage,
  clients: Clients,
  fault: Fault,
  known: Set<string>,
): Promise<Omit<Played, 'round'>> {
  const { history, fronts } = stage;
  const from = history.operations.length;
  const began = performance.now();
  let until = Number.POSITIVE_INFINITY;
  const compromise = compromiseDuring(stage, clients, () => performance.now() > until);
  const playing = () => fault.play(stage, clients);
  await (fault.isAimed ? playing() : fronts.impair([...fronts.all], 'disturbed', playing));
  const answered = performance.now();
  until = answered + COMPROMISE_MS;
  const loses = fault.loses ?? false;
  const told: FaultTold = {
    client: 'faults',
    what: 'fault',
    name: fault.name,
    asked: began,
    answered,
    outcome: 'ok',
    loses,
    fronts: fronts.all.map(({ name }) => name),
  };
  history.add(told);
  const compromised = await compromise;
  await clients.releasedAfter(answered, loses ? 0 : RESTARTED_MS);
  await clients.showAgain(SHOWN_AGAIN, SHOW_MS);
  const operations = [...history.operations];
  const violations = (await checkSettled(stage, operations)).filter(({ property, detail }) => {
    const key = `${property} ${detail}`;
    return !known.has(key) && known.add(key);
  });
  const own = operations.slice(from);
  const issues = own.filter(({ what }) => what === 'issue');
  const count = (outcome: Operation['outcome']) => issues.filter((each) => each.outcome === outcome).length;
  return {
    fault: fault.name,
    seconds: (performance.now() - began) / 1_000,
    acknowledged: count('ok'),
    refused: count('refused'),
    unknown: count('unknown'),
    compromised,
    recoveryMs: recoveryOf(told, operations),
    outageMs: outageOf(told, operations),
    firstTokensMs: firstTokensAfter(own),
    ended: own.filter((each) => each.what === 'ended'),
    violations,
  };
}

/** An emergency that waited for no standby is repeated where a promotion lost it, once there is one: it has time until then. */
async function checkSettled(stage: Stage, operations: readonly Operation[]): Promise<readonly Violation[]> {
  const deadline = performance.now() + REPEATED_MS;
  for (;;) {
    const violations = check(operations, await stage.dump());
    if (performance.now() > deadline || violations.every(({ property }) => property !== 'P6'))
      return violations;
    await pause(500);
  }
}

/** Begins at a random moment of the fault, and is tried again while it is refused. */
async function compromiseDuring(stage: Stage, clients: Clients, isOver: () => boolean): Promise<boolean> {
  await pause(stage.random() * 3_000);
  do {
    if (await clients.compromise()) return true;
    await pause(300);
  } while (!isOver());
  return false;
}
