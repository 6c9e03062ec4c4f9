import type { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import type { ClockConfirmation } from '../../kernel/clock.ts';
import { clockRequest } from '../schemas/clock.ts';
import { validated } from '../validated.ts';

export interface ClockActParts {
  readonly confirmation: ClockConfirmation;
}

type Confirmed = z.infer<typeof clockRequest>;

/** Its proposal is kept in memory: it is about this run, and nothing is signed by a clock that is doubted. */
export function confirmClock({ confirmation }: ClockActParts): Act<'clock.confirm', Confirmed> {
  return {
    name: 'clock.confirm',
    read: (given) => validated(clockRequest, given),
    plan: ({ time }) => ({ subject: 'clock', ...confirmation.describe(time) }),
    execute: (given, actor) => confirmation.confirm(given, actor),
  };
}
