import { constants, setPriority } from 'node:os';
import type { BrokenChain } from '../kernel/audit-chain.ts';

/** Whether the database holds a number that JavaScript cannot: the service writes none. */
export function isUnsafeNumber(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_OUT_OF_RANGE';
}

/** Somewhere behind that element. */
export function unsafeNumber(unit: string, after: number): BrokenChain {
  return {
    place: `behind ${unit} ${after}`,
    why: 'a number in it is larger than any that the service writes',
  };
}

/**
 * Lets everything else run first, this thread's own process included. Linux alone keeps a priority for each thread;
 * elsewhere nothing changes, since it would be the whole process's. See setpriority(2), "C library/kernel differences".
 */
export function lowerPriority(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
}
