import { setFlagsFromString } from 'node:v8';

/**
 * How Node is started for each process of a service; `scripts/keyward` and `scripts/package/starter` say the same. Only
 * there V8 takes a bound for the young generation, which else grows to 100 MB and more, since the machine has the memory.
 */
export const NODE_FLAGS: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=8'];

const MOST_GROWTH_PERCENT = 30;

/**
 * From now on the old generation of each thread is collected once it has grown by that much. By itself, V8 lets it grow to
 * four times of what is in use where the machine has the memory. As flags of the process these would slow down its start.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GROWTH_PERCENT}`);
  // A young generation of the size in NODE_FLAGS is collected before further threads are awake.
  setFlagsFromString('--no-parallel-scavenge');
}
