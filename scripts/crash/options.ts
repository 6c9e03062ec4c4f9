import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../lib/whole-number.ts';

export const TARGETS = ['front', 'signer', 'both'] as const;
export type Target = (typeof TARGETS)[number];

export interface Options {
  readonly help: boolean;
  readonly kills: number;
  readonly target: Target;
  readonly forget: boolean;
  readonly seed: number;
}

export const USAGE = `Usage: npm run crash -- [options]

Kills a real service with kill -9 at random moments under load, and holds what its clients have in their hands
against what it recorded. Ends with 1 where anything is missing or does not hold.

Options:
  --kills <n>                   default 1000
  --target front|signer|both    which process; default front
  --forget                      what the front did not sync is lost with each kill (needs a C compiler)
  --seed <n>                    the moments of an earlier run, as far as the machine allows
  --help                        this text`;

/** Throws an Error whose message is for the caller. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      kills: { type: 'string', default: '1000' },
      target: { type: 'string', default: 'front' },
      forget: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(randomInt(2 ** 32)) },
    },
  });
  const target = TARGETS.find((each) => each === values.target);
  if (!target) throw new Error(`--target is one of ${TARGETS.join(', ')}`);
  if (target === 'signer' && values.forget) throw new Error('--forget needs the front to be killed');
  const kills = wholeNumber('--kills', values.kills, 1);
  return {
    help: values.help,
    kills,
    target,
    forget: values.forget,
    seed: wholeNumber('--seed', values.seed),
  };
}
