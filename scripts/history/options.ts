import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../lib/whole-number.ts';

export const ENGINES = ['sqlite', 'postgres'] as const;
export type Engine = (typeof ENGINES)[number];
/** More would only wait for the machine. */
const MOST_FRONTS = 5;

export interface Options {
  readonly help: boolean;
  readonly engine: Engine;
  readonly rounds: number;
  /** Processes of the service over one database. */
  readonly fronts: number;
  readonly seed: number;
  /** So many in place of the faults; 0: none. */
  readonly promotions: number;
  /** Names; empty: all that the engine has. */
  readonly faults: readonly string[];
  /** Plays faults of the service itself, which must be found. */
  readonly seeded: boolean;
  /** Prints one line of JSON instead of a table. */
  readonly json: boolean;
}

export const USAGE = `Usage: npm run history -- [options]

Breaks what a real service stands on while clients use it, and holds what they were answered against what is left.
Ends with 1 where the service did not keep its word.

Options:
  --engine sqlite|postgres   default postgres, which needs PostgreSQL 15 or newer from Debian's packages
  --fronts <n>               so many over one database, at most 5; default 1, and no more on SQLite
  --rounds <n>               each of all faults once; default 1
  --promotions <n>           kills the primary and promotes its standby that many times instead
  --faults <a,b>             only these; --help lists them
  --seed <n>                 order and moments of an earlier run, as far as the machine allows
  --seeded                   plays faults of the service itself instead, which must be found in one of five
                             histories; with --faults, those that one of these brings to light; with --fronts,
                             those of several fronts
  --json                     the results as one line of JSON
  --help                     this text`;

/** Throws an Error whose message is for the caller. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      engine: { type: 'string', default: 'postgres' },
      fronts: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '1' },
      promotions: { type: 'string', default: '0' },
      faults: { type: 'string', default: '' },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
      seeded: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { help, seeded, json } = values;
  const engine = ENGINES.find((each) => each === values.engine);
  if (!engine) throw new Error(`--engine is one of ${ENGINES.join(', ')}`);
  const faults = values.faults.split(',').filter((name) => name !== '');
  const rounds = wholeNumber('--rounds', values.rounds, 1);
  const fronts = wholeNumber('--fronts', values.fronts, 1);
  if (fronts > MOST_FRONTS) throw new Error(`--fronts is at most ${MOST_FRONTS}`);
  if (engine === 'sqlite' && fronts > 1) throw new Error('SQLite has one front');
  const promotions = wholeNumber('--promotions', values.promotions);
  if (engine === 'sqlite' && promotions > 0) throw new Error('SQLite has no standby to promote');
  const seed = wholeNumber('--seed', values.seed);
  return { help, engine, fronts, rounds, promotions, faults, seeded, json, seed };
}
