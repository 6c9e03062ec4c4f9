import type { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { gapDetails, type HeldRestore } from '../../kernel/record-gap.ts';
import { keyActRequest } from '../schemas/key-act.ts';
import { validated } from '../validated.ts';

export interface RestoreActParts {
  /** A database that waits for the decision; undefined where none does. */
  readonly held: HeldRestore | undefined;
}

type Reason = z.infer<typeof keyActRequest>;

/** Its proposal is kept in memory: nothing is written to the database before it is accepted. */
export function acceptRestore({ held }: RestoreActParts): Act<'database.accept_restore', Reason> {
  const waiting = () => held ?? nothingWaits();
  return {
    name: 'database.accept_restore',
    read: (given) => validated(keyActRequest, given),
    plan: () => ({ subject: 'database', ...waiting().describe() }),
    execute: async ({ reason }, actor) => gapDetails(await waiting().accept(reason, actor)),
  };
}

function nothingWaits(): never {
  throw new KeywardError('not_restored', 'the database has all that the audit sinks have seen');
}
