import type { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import { UNWITNESSED_SUBJECT, type UnwitnessedTrail } from '../../domain/unwitnessed.ts';
import { keyActRequest } from '../schemas/key-act.ts';
import { validated } from '../validated.ts';

export interface UnwitnessedActParts {
  readonly unwitnessed: Pick<UnwitnessedTrail, 'list' | 'confirm'>;
}

type Reason = z.infer<typeof keyActRequest>;

/** What two persons confirm is what they were shown: other ranges are another proposal. */
export function confirmUnwitnessed({
  unwitnessed,
}: UnwitnessedActParts): Act<'audit.confirm_unwitnessed', Reason> {
  return {
    name: 'audit.confirm_unwitnessed',
    read: (given) => validated(keyActRequest, given),
    plan: () => {
      const ranges = unwitnessed.list().map((range) => ({ ...range }));
      const effect = {
        subject: UNWITNESSED_SUBJECT,
        before: { unwitnessed: ranges },
        after: { unwitnessed: [] },
      };
      return ranges.length === 0 ? { ...effect, unchanged: true } : effect;
    },
    execute: async ({ reason }, actor) => {
      if (unwitnessed.list().length === 0) return { confirmed: [] };
      return { confirmed: await unwitnessed.confirm(reason, actor) };
    },
  };
}
