import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../lib/whole-number.ts';

export interface Options {
  readonly help: boolean;
  /** Of the ledger, beside those of real tokens. */
  readonly records: number;
  /** On how many days of the month the service runs. */
  readonly days: number;
  readonly verifiers: number;
  /** Made beside the service before each move. */
  readonly copies: number;
  readonly seed: number;
  /** Prints one line of JSON instead of a table. */
  readonly json: boolean;
}

export const USAGE = `Usage: npm run move-a-month -- [options]

A service lives through a month on SQLite, is moved to PostgreSQL and back with keyward migrate-store, and is followed by
verifiers meanwhile. Ends with 1 where one of them notices more than a reconnect, or where a chain does not verify.

Options:
  --records <n>     in the ledger, spread over the month; default 500000
  --days <n>        on which the service runs and people work, 1 to 30; default 30
  --verifiers <n>   of the client library; default 8
  --copies <n>      initial copies before each move; default 2
  --seed <n>        what happens on which day, as in an earlier run
  --json            the results as one line of JSON
  --help            this text

Needs PostgreSQL 15 or newer from Debian's packages, and some 1,500 bytes of disk a record under the temporary folder.`;

const MOST_DAYS = 30;

/** Throws an Error whose message is for the caller. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      records: { type: 'string', default: '500000' },
      days: { type: 'string', default: String(MOST_DAYS) },
      verifiers: { type: 'string', default: '8' },
      copies: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
      json: { type: 'boolean', default: false },
    },
  });
  const days = wholeNumber('--days', values.days, 1);
  if (days > MOST_DAYS) throw new Error(`--days takes ${MOST_DAYS} at most`);
  return {
    help: values.help,
    json: values.json,
    days,
    records: wholeNumber('--records', values.records, 1),
    verifiers: wholeNumber('--verifiers', values.verifiers, 1),
    copies: wholeNumber('--copies', values.copies),
    seed: wholeNumber('--seed', values.seed),
  };
}
