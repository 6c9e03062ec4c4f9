import { setFlagsFromString } from 'node:v8';

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
