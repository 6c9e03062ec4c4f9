import { readdirSync, readFileSync } from 'node:fs';

interface ProcessUsage {
  readonly parent: number;
  /** Of CPU, all threads; a tick is a hundredth of a second (proc(5)). */
  readonly seconds: number;
}

/** Nothing for a process that is gone. */
export function usageOf(pid: number): ProcessUsage {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return {
      parent: Number(fields[1]),
      seconds: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  } catch {
    return { parent: 0, seconds: 0 };
  }
}

/** CPU of a process and its children. */
export function cpuSeconds(pid: number): number {
  const children = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && usageOf(Number(name)).parent === pid,
  );
  return children.reduce((sum, child) => sum + usageOf(Number(child)).seconds, usageOf(pid).seconds);
}
