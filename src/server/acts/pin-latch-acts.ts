import { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import type { PinLatches } from '../../domain/pin-latch.ts';
import { validated } from '../validated.ts';

export interface PinLatchActParts {
  readonly pinLatches: PinLatches;
}

const CLEAR = { state: 'clear', attempts: 0 };
const named = z.strictObject({ token: z.string() });

/** Its proposal is kept in memory: while the PIN is latched nothing can be signed. */
export function clearPinLatch({
  pinLatches,
}: PinLatchActParts): Act<'hsm.clear_pin_latch', z.infer<typeof named>> {
  return {
    name: 'hsm.clear_pin_latch',
    read: (given) => validated(named, given),
    plan({ token }) {
      const { state, attempts } = pinLatches.look(token);
      const planned = { subject: `hsm:${token}`, before: { state, attempts }, after: CLEAR };
      return state === 'clear' ? { ...planned, unchanged: true } : planned;
    },
    async execute({ token }, actor) {
      return { token, ...(await pinLatches.clear(token, actor)) };
    },
  };
}
