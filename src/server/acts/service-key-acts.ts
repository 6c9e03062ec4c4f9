import type { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { HeldServiceKeys } from '../../domain/service-keys.ts';
import { enrolServiceKeysRequest } from '../schemas/service-keys.ts';
import { validated } from '../validated.ts';

export interface ServiceKeyActParts {
  /** Undefined where no successors wait. */
  readonly heldKeys: HeldServiceKeys | undefined;
}

/** Its proposal is kept in memory: the lost registry key signs nothing. */
export function enrolServiceKeys({
  heldKeys,
}: ServiceKeyActParts): Act<'service_key.enrol', z.infer<typeof enrolServiceKeysRequest>> {
  const waiting = () => heldKeys ?? nothingWaits();
  return {
    name: 'service_key.enrol',
    read: (given) => validated(enrolServiceKeysRequest, given),
    plan: (decision) => ({ subject: 'registry', ...waiting().describe(decision) }),
    execute: (decision, actor) => waiting().enrol(decision, actor),
  };
}

function nothingWaits(): never {
  throw new KeywardError('not_replaced', 'the configuration names no other service keys than those in use');
}
