import type { Leadership } from '../../src/kernel/registry.ts';

/** Of a process that nobody shares the database with. */
export const SOLE_OWNER: Leadership = { leads: () => true, isAbandoned: () => true };
