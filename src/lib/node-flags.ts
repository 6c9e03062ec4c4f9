/**
 * How Node is started for each process of a service; `scripts/keyward` and `scripts/package/starter` say the same. V8
 * takes the size of a heap only there: by itself, the young generation of each thread grows to 100 MB and more, and the old
 * one to four times of what is in use, since the machine has the memory.
 */
export const NODE_FLAGS: readonly string[] = [
  '--disable-sigusr1',
  '--max-semi-space-size=8',
  '--heap-growing-percent=30',
];
