import { copyFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { table as drawTable, plainPage } from '../../src/cli/table.ts';
import { serveOn } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';
import { verified } from '../support/tamper/findings.ts';
import { copyGround } from '../support/tamper/ground.ts';
import { HARMLESS, isHarmless } from '../support/tamper/harmless.ts';
import { lettersOf } from '../support/tamper/letters.ts';
import { type Life, liveOnce } from '../support/tamper/life.ts';
import { KINDS } from '../support/tamper/manipulations.ts';
import {
  type Bench,
  type Cell,
  cellsOf,
  isMissed,
  openBench,
  tablesOf,
  type Verdict,
} from '../support/tamper/matrix.ts';
import { FEW_PAIRS, pairwise } from '../support/tamper/selection.ts';
import { STATES, tamper, tryService } from '../support/tamper/service-cell.ts';
import { ALL_TABLES } from '../support/tamper/table-sets.ts';

const DEADLINE_MS = 1_800_000;
const PATIENCE_MS = 180_000;
const AT_A_TIME = 2;

let life: Life;
let benches: Bench[];

beforeAll(async () => {
  life = await liveOnce();
  benches = Array.from({ length: AT_A_TIME }, () => openBench(life, PATIENCE_MS));
}, DEADLINE_MS);

afterAll(async () => {
  for (const bench of benches) await bench.remove();
  life.remove();
});

describe('a database that nobody tampered with', () => {
  it.each(['stopped', 'killed'] as const)('gives audit verify nothing to find, %s', async (state) => {
    expect(await verified(life[state].ground)).toBeUndefined();
  });

  it(
    'is served without an alarm',
    async () => {
      expect(await tryService({ life, state: 'killed', apply: () => {}, patienceMs: 0 })).toEqual({});
    },
    DEADLINE_MS,
  );
});

describe('the matrix', () => {
  it('has every table of the schema, and each with rows in it', () => {
    expect(tablesOf(life)).toEqual([...ALL_TABLES].sort());
    const rows = (table: string) => query(life.killed.ground.database, `SELECT * FROM "${table}"`).length;
    expect(ALL_TABLES.filter((table) => rows(table) === 0)).toEqual([]);
  });

  it(
    'finds what is done to any table, in any way and state: at load, by the running service or by audit verify',
    async () => {
      const all = tablesOf(life).flatMap((table) => cellsOf(life, table));
      const tried = await playAll(
        pairwise(
          all.filter((cell) => !isHarmless(cell)),
          FEW_PAIRS,
        ),
      );
      console.log(whoFound(tried));
      expect(tried.filter(isMissed)).toEqual([]);
      const among = (name: 'kind' | 'state' | 'table') => new Set(tried.map((verdict) => verdict[name]));
      expect(among('kind')).toEqual(new Set(KINDS));
      expect(among('state')).toEqual(new Set(STATES));
      expect(among('table')).toEqual(new Set(ALL_TABLES));
      const served = tried.filter((each) => each.served && each.state === 'running');
      expect(new Set(served.map(({ kind }) => kind))).toEqual(new Set(KINDS));
    },
    DEADLINE_MS,
  );
});

/** Which of the cells are tried with a service too, and who finds them first. */
const FIRST_FOUND = [
  ['load', 'stopped', 'edits signing_keys.state'],
  ['load', 'stopped', 'a view in place of proposals'],
  ['load', 'stopped', 'puts the tables of clients back'],
  ['load', 'killed', 'deletes revocations'],
  ['load', 'killed', 'inserts into audit_events'],
] as const;

describe('who finds it first', () => {
  it.concurrent.each(FIRST_FOUND)(
    '%s: a service, %s, of which somebody %s',
    async (by, state, name) => {
      const cell = cellsOf(life, tableIn(name)).findLast(
        (each) => each.state === state && each.mode === 'plain' && each.name.startsWith(name),
      );
      if (!cell) throw new Error(`nobody ${name}`);
      const verdict = await tryService({ life, state, apply: cell.apply, patienceMs: PATIENCE_MS });
      expect(Object.keys(verdict)).toEqual([by]);
    },
    DEADLINE_MS,
  );

  it(
    'harms nothing to change the tables that neither decide nor testify',
    async () => {
      const apply = (db: DatabaseSync) => {
        for (const { table, kinds, isOldest } of HARMLESS)
          if (!isOldest && (!kinds || kinds.includes('delete'))) db.exec(`DELETE FROM "${table}"`);
      };
      // It may tell of it: what is missing in the outbox is found, and made again.
      const { load, harm } = await tryService({ life, state: 'stopped', apply, patienceMs: 0 });
      expect([load, harm]).toEqual([undefined, undefined]);
    },
    DEADLINE_MS,
  );
});

describe('an older copy of the whole database', () => {
  it(
    'is found by what a sink has seen, and nothing is served on it',
    async () => {
      const ground = copyGround(life.stopped.ground);
      try {
        copyFileSync(life.older, ground.database);
        tamper(ground, () => {});
        expect(await verified(ground)).toContain('truncated');
        const service = await serveOn(ground);
        const { body } = await service.data('GET', '/v1/checkpoints/latest');
        await service.kill();
        expect(body.code).toBe('database_restored');
      } finally {
        ground.remove();
      }
    },
    DEADLINE_MS,
  );
});

describe('what a report said', () => {
  it('cannot be taken away without an erasure that the trail tells of', async () => {
    const ground = copyGround(life.stopped.ground);
    try {
      tamper(ground, (db) =>
        db.exec(
          `UPDATE reports SET suspicion_json = NULL, suspicion_salt = NULL WHERE suspicion_json IS NOT NULL`,
        ),
      );
      expect(await verified(ground)).toMatch(/^reports truncated/);
    } finally {
      ground.remove();
    }
  });
});

/** The first of each that changes anything; a running service is tried once with each manipulation: all would take minutes. */
async function playAll(chosen: readonly Cell[][]): Promise<Verdict[]> {
  const tried: Verdict[] = [];
  const queue = chosen.values();
  const isServed = ({ kind, state }: Pick<Cell, 'kind' | 'state'>) =>
    state === 'running' && !tried.some((each) => each.served && each.state === state && each.kind === kind);
  const work = async (bench: Bench) => {
    for (const alike of queue) {
      for (const cell of alike) {
        const verdict = await bench.play(cell, isServed(cell));
        if (verdict.undone || verdict.impossible) continue;
        tried.push(verdict);
        break;
      }
    }
  };
  await Promise.all(benches.map(work));
  return tried;
}

function whoFound(tried: readonly Verdict[]): string {
  const rows = [...Map.groupBy(tried, ({ table }) => table)].map(([name, of]) => [
    name,
    ...STATES.map((state) => lettersOf(of.filter((each) => each.state === state))),
  ]);
  return `Found by L load, R running service, V audit verify\n${drawTable(['table', ...STATES], rows, plainPage())}`;
}

function tableIn(name: string): string {
  const found = [...ALL_TABLES].sort((a, b) => b.length - a.length).find((table) => name.includes(table));
  if (found === undefined) throw new Error(`no table is named in: ${name}`);
  return found;
}
