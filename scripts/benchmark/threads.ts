import { readdirSync, readFileSync } from 'node:fs';

/** By the name of the thread. */
export type Costs = Readonly<Record<string, { readonly cpuUs: number; readonly wakeUps: number }>>;

interface Thread {
  readonly name: string;
  readonly cpuUs: number;
  readonly wakeUps: number;
}

const NAMES: Readonly<Record<string, string>> = {
  MainThread: 'loop',
  V8Worker: 'v8',
  DelayedTaskSche: 'v8',
  'libuv-worker': 'pool',
};

/** What these processes spend from now on: names of processes to their ids. */
export function watchThreads(processes: Readonly<Record<string, number>>): () => Costs {
  const before = threadsOf(processes);
  return () => {
    const costs: Record<string, { cpuUs: number; wakeUps: number }> = {};
    for (const [id, { name, cpuUs, wakeUps }] of threadsOf(processes)) {
      const earlier = before.get(id) ?? { cpuUs: 0, wakeUps: 0 };
      const cost = costs[name] ?? { cpuUs: 0, wakeUps: 0 };
      cost.cpuUs += cpuUs - earlier.cpuUs;
      cost.wakeUps += wakeUps - earlier.wakeUps;
      costs[name] = cost;
    }
    return costs;
  };
}

export function total(costs: Costs, of: 'cpuUs' | 'wakeUps' = 'cpuUs'): number {
  return Object.values(costs).reduce((sum, cost) => sum + cost[of], 0);
}

/** MiB in memory. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

function threadsOf(processes: Readonly<Record<string, number>>): Map<string, Thread> {
  const threads = new Map<string, Thread>();
  for (const [program, pid] of Object.entries(processes)) {
    let unnamed = 0;
    for (const id of readdirSync(`/proc/${pid}/task`).toSorted((a, b) => Number(a) - Number(b))) {
      const thread = readThread(`/proc/${pid}/task/${id}`);
      if (!thread) continue;
      const { comm, ...spent } = thread;
      const name = comm === 'WorkerThread' ? `worker ${++unnamed}` : (NAMES[comm] ?? comm);
      threads.set(id, { name: `${program} ${name}`, ...spent });
    }
  }
  return threads;
}

/** Undefined once it has ended. */
function readThread(folder: string) {
  try {
    const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8');
    return {
      comm: read('comm').trim(),
      cpuUs: Number(read('schedstat').split(' ', 1)[0]) / 1_000,
      wakeUps: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read('status'))?.[1]),
    };
  } catch {
    return undefined;
  }
}
