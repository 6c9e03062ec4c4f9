import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { type RunningService, serveOn } from '../running-service.ts';
import { copyGround, type Ground, nameSinks } from './ground.ts';
import { HURRIED, hurry } from './launch.ts';
import type { Life, Moment } from './life.ts';
import { touch } from './touches.ts';

export const STATES = ['stopped', 'killed', 'running'] as const;
export type State = (typeof STATES)[number];

/** What a service does about it; undefined where it does nothing. */
export interface ServiceVerdict {
  readonly load?: string;
  readonly running?: string;
  readonly harm?: string;
}

const ROUNDS = 2;
const STARTS = 3;
const FATAL = 60;

export interface Tried {
  readonly life: Life;
  readonly state: State;
  readonly apply: (db: DatabaseSync) => void;
  /** How long something may take that is done from time to time. */
  readonly patienceMs: number;
}

/** Starts a service on the database tampered with, or tampers with that of a running one, and sees what it does. */
export async function tryService(tried: Tried): Promise<ServiceVerdict> {
  const { life, state, apply } = tried;
  const moment = life[state === 'running' ? 'stopped' : state];
  const ground = copyGround(moment.ground);
  try {
    if (state === 'running') return await run(ground, moment, tried);
    tamper(ground, apply);
    return await look(ground, moment, tried);
  } finally {
    ground.remove();
  }
}

/** As somebody with write access to the file does it, in a database that names the sink as that of the life does. */
export function tamper({ database, folder, original }: Ground, apply: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(database, { timeout: 10_000, enableForeignKeyConstraints: false });
  try {
    db.exec('PRAGMA ignore_check_constraints = ON');
    db.exec('BEGIN IMMEDIATE');
    nameSinks(db, folder, original);
    apply(db);
    nameSinks(db, original, folder);
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

async function look(ground: Ground, moment: Moment, tried: Tried): Promise<ServiceVerdict> {
  let service: RunningService;
  try {
    service = await serveOn(ground, HURRIED);
  } catch (error) {
    return { load: refusalOf(error) };
  }
  try {
    const alarm = alarmOf(service);
    if (service.log.some((line) => line.held === true)) return { load: `held: ${alarm}` };
    if (alarm) return { load: alarm };
    return await exercise(service, moment, tried);
  } finally {
    await service.kill();
  }
}

async function run(ground: Ground, moment: Moment, tried: Tried): Promise<ServiceVerdict> {
  const service = await startWell(ground, tried.life, moment);
  try {
    tamper(ground, tried.apply);
    const verdict = await exercise(service, moment, tried);
    if (verdict.running !== undefined) return verdict;
    await service.kill();
    return { ...verdict, ...(await atNextStart(ground)) };
  } finally {
    await service.kill();
  }
}

/** A running service with whose database nobody tampered; another where the machine was too busy for it. */
export async function startWell(ground: Ground, life: Life, moment: Moment): Promise<RunningService> {
  tamper(ground, () => {});
  let complaint: unknown;
  for (let start = 1; start <= STARTS; start += 1) {
    try {
      const service = await serveOn(ground, HURRIED);
      complaint = await complaintOf(service, life, moment);
      if (complaint === undefined) return service;
      await service.kill();
    } catch (error) {
      complaint = error;
    }
  }
  throw new Error(`not well although nobody tampered: ${complaint}`);
}

/** What it says against its database; undefined where that is as it should be. */
export async function complaintOf(
  service: RunningService,
  life: Life,
  moment: Moment,
): Promise<string | undefined> {
  hurry(service);
  const { refused } = await touch(service, life, moment);
  return alarmOf(service) ?? refused[0];
}

async function atNextStart(ground: Ground): Promise<ServiceVerdict> {
  try {
    const next = await serveOn(ground, HURRIED);
    const alarm = alarmOf(next);
    await next.kill();
    return alarm ? { load: alarm } : {};
  } catch (error) {
    return { load: refusalOf(error) };
  }
}

/** Why it did not start. */
function refusalOf(error: unknown): string {
  return `refused: ${String(error).slice(0, 300)}`;
}

/** Asks for a bit of everything, runs what is done from time to time, and waits for an alarm. */
export async function exercise(
  service: RunningService,
  moment: Moment,
  { life, patienceMs }: Pick<Tried, 'life' | 'patienceMs'>,
): Promise<ServiceVerdict> {
  const verdicts: ServiceVerdict[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    hurry(service);
    verdicts.push(await touched(service, life, moment));
    if (alarmOf(service) ?? verdicts.at(-1)?.running) break;
  }
  const alarm = alarmOf(service) ?? verdicts.at(-1)?.running ?? (await alarmWithin(service, patienceMs));
  const harm = verdicts.find((each) => each.harm !== undefined)?.harm;
  return { ...(alarm ? { running: alarm } : {}), ...(harm ? { harm } : {}) };
}

async function touched(service: RunningService, life: Life, moment: Moment): Promise<ServiceVerdict> {
  try {
    const { refused, harm } = await touch(service, life, moment);
    return { ...(refused[0] ? { running: refused[0] } : {}), ...(harm[0] ? { harm: harm[0] } : {}) };
  } catch (error) {
    return { running: `ended: ${String(error)}` };
  }
}

async function alarmWithin(service: RunningService, ms: number): Promise<string | undefined> {
  const waiting = new AbortController();
  const alarm = service.logged(isAlarm).catch(() => undefined);
  await Promise.race([alarm, pause(ms, undefined, { signal: waiting.signal })]);
  waiting.abort();
  return alarmOf(service);
}

/** The first alarm of its log. */
function alarmOf({ log }: RunningService): string | undefined {
  const line = log.find(isAlarm);
  return (
    line && [line.event, line.subject ?? line.table, line.id, line.why, line.msg].filter(Boolean).join(' ')
  );
}

/** Raised by a token that is shown here, and by a machine that is too busy. */
const NO_ALARMS: ReadonlySet<unknown> = new Set(['token.compromised_key', 'hsm.unavailable']);

/** A critical event, or what the log says instead. */
function isAlarm({ level, event }: Record<string, unknown>): boolean {
  return Number(level) >= FATAL && !NO_ALARMS.has(event);
}
