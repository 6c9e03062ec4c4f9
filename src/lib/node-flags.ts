/**
 * How Node is started for each process of a service; `scripts/keyward` and `scripts/package/starter` say the same. Only
 * there V8 takes a bound for the young generation, which else grows to 100 MB and more, since the machine has the memory.
 */
export const NODE_FLAGS: readonly string[] = ['--disable-sigusr1', '--max-semi-space-size=8'];
