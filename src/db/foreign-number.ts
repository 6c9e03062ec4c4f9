import type { BrokenChain } from '../domain/broken-chain.ts';

/** Whether SQLite holds a number that JavaScript cannot: the service writes none. */
export function isForeignNumber(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_OUT_OF_RANGE';
}

/** Somewhere behind that element. */
export function foreignNumber(unit: string, after: number): BrokenChain {
  return {
    place: `behind ${unit} ${after}`,
    why: 'a number in it is larger than any that the service writes',
  };
}
