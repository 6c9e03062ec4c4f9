import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { rowsByContent, tablesIn } from '../tampering.ts';
import { consistently } from './consistently.ts';
import { verified } from './findings.ts';
import { copyGround } from './ground.ts';
import { isHarmless } from './harmless.ts';
import type { Life } from './life.ts';
import { KINDS, type Manipulation, manipulationsOf } from './manipulations.ts';
import { type ServiceVerdict, STATES, type State, tamper, tryService } from './service-cell.ts';
import { openSharedService } from './shared-service.ts';

export const MODES = ['plain', 're-hash'] as const;
export type Mode = (typeof MODES)[number];

/** One manipulation in one state of the service. */
export interface Cell {
  readonly table: string;
  readonly kind: Manipulation['kind'];
  readonly state: State;
  readonly mode: Mode;
  readonly name: string;
  readonly isOldest?: boolean | undefined;
  readonly apply: Manipulation['apply'];
}

export interface Verdict extends Omit<Cell, 'apply'>, ServiceVerdict {
  readonly verify?: string;
  /** The database is what it was: two rows were alike, or a hash was edited and computed anew. */
  readonly undone?: boolean;
  /** SQLite refuses it. */
  readonly impossible?: string;
  /** Whether a service was started on it. */
  readonly served: boolean;
}

/** The cells of a table, of every state and mode; of one manipulation and state in turn this mode first or that. */
export function cellsOf(life: Life, table: string): Cell[] {
  return STATES.flatMap((state, turn) => {
    const file = life[momentOf(state)].ground.database;
    return manipulationsOf(table, { file, older: life.older }).flatMap((plain) => {
      const modes = (turn + KINDS.indexOf(plain.kind)) % 2 === 0 ? MODES : MODES.toReversed();
      return modes.map((mode) => {
        const { kind, name, apply } = mode === 'plain' ? plain : consistently(plain);
        return { table, kind, state, mode, name, isOldest: plain.isOldest, apply };
      });
    });
  });
}

export function tablesOf(life: Life): string[] {
  return tablesIn(life.killed.ground.database);
}

function momentOf(state: State): 'stopped' | 'killed' {
  return state === 'running' ? 'stopped' : state;
}

/** Nobody sees it, and it is not harmless. */
export function isMissed(of: Verdict): boolean {
  if (of.undone || of.impossible) return false;
  if (of.harm !== undefined && of.load === undefined) return true;
  return !(of.load ?? of.running ?? of.verify) && !isHarmless(of);
}

export interface Bench {
  /** With a service only where `audit verify` finds nothing, unless it is wanted anyway. */
  play(cell: Cell, wantsService: boolean): Promise<Verdict>;
  remove(): Promise<void>;
}

export function openBench(life: Life, patienceMs: number): Bench {
  const grounds = { stopped: copyGround(life.stopped.ground), killed: copyGround(life.killed.ground) };
  for (const ground of Object.values(grounds)) tamper(ground, () => {});
  const before = { stopped: contentOf(grounds.stopped.database), killed: contentOf(grounds.killed.database) };
  const shared = openSharedService(life);
  return {
    async play({ apply, ...cell }, wantsService) {
      const moment = momentOf(cell.state);
      const ground = grounds[moment];
      restore(life[moment].ground.database, ground.database);
      try {
        tamper(ground, apply);
      } catch (error) {
        return { ...cell, served: false, impossible: String(error) };
      }
      if (before[moment] === contentOf(ground.database)) return { ...cell, served: false, undone: true };
      const verify = await verified(ground);
      const found = { ...cell, ...(verify === undefined ? {} : { verify }) };
      const isUnknown = verify === undefined && !isHarmless(cell);
      if (!isUnknown && !wantsService) return { ...found, served: false };
      if (!isUnknown && cell.state === 'running') {
        const verdict = await shared.try({ kind: cell.kind, apply });
        if (verdict.harm === undefined) return { ...found, ...verdict, served: true };
      }
      const tried = { life, state: cell.state, apply };
      const verdict = await tryService({ ...tried, patienceMs: 0 });
      const isSeen = (verdict.load ?? verdict.running) !== undefined || !isUnknown;
      const late = isSeen ? {} : await tryService({ ...tried, patienceMs });
      return { ...found, ...verdict, ...late, served: true };
    },
    async remove() {
      await shared.remove();
      for (const { remove } of Object.values(grounds)) remove();
    },
  };
}

function restore(from: string, to: string): void {
  for (const end of ['-wal', '-shm']) rmSync(to + end, { force: true });
  copyFileSync(from, to);
}

/** All rows of all tables as one text, with the schema, in whichever order they lie. */
function contentOf(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
    const rows = tablesIn(file).map((table) => [...rowsByContent(db, table).keys()].sort());
    return JSON.stringify([schema, rows]);
  } finally {
    db.close();
  }
}
