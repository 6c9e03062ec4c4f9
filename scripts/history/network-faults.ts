import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Fault } from './fault.ts';
import type { Direction, FaultyProxy } from './proxy.ts';
import type { Stage } from './stage.ts';

const HELD_MS = 6_000;
/** Until long after a front knows that it is alone. */
const ALONE_MS = 12_000;
const CUTS = 6;

function clusterOf({ cluster }: Stage): Cluster {
  if (!cluster) throw new Error('the proxies stand before PostgreSQL');
  return cluster;
}

function onNetwork(
  name: string,
  what: string,
  play: (cluster: Cluster, stage: Stage) => Promise<void>,
): Fault {
  return { name, what, engines: ['postgres'], play: (stage) => play(clusterOf(stage), stage) };
}

function released(proxies: readonly FaultyProxy[]): void {
  for (const proxy of proxies) proxy.release();
}

/** Between all fronts and the primary. */
function blackHole(name: string, what: string, ...directions: readonly Direction[]): Fault {
  const fault = onNetwork(name, what, async ({ proxies }, { fronts }) => {
    for (const proxy of proxies) proxy.hold(...directions);
    await fronts.impair(fronts.all, 'cut', () => pause(HELD_MS));
    released(proxies);
  });
  return { ...fault, isAimed: true };
}

/** Between one of several fronts and the primary. */
function alone(name: string, what: string, cut: (proxy: FaultyProxy) => void): Fault {
  const fault = onNetwork(name, what, async (_cluster, { fronts }) => {
    const front = fronts.any();
    const { proxy } = front;
    if (!proxy) throw new Error('a front on PostgreSQL has a proxy');
    cut(proxy);
    await fronts.impair([front], 'cut', () => pause(ALONE_MS));
    proxy.release();
  });
  return { ...fault, needsFronts: true, isAimed: true };
}

export const networkFaults: readonly Fault[] = [
  onNetwork('cut', 'connections reset at random moments', async (cluster, { random }) => {
    for (let cut = 0; cut < CUTS; cut++) {
      await pause(random() * 1_000);
      cluster.cut(() => random() < 0.7);
    }
  }),
  onNetwork(
    'reset-in-commit',
    'connections reset in place of the answer to a commit',
    async ({ proxies }, { random }) => {
      for (let cut = 0; cut < CUTS; cut++) {
        for (const proxy of proxies) proxy.resetAnswers(1);
        await pause(400 + random() * 600);
      }
      released(proxies);
    },
  ),
  blackHole('black-hole', 'nothing passes for 6 s', 'to_server', 'to_front'),
  blackHole('black-hole-out', 'nothing reaches the primary for 6 s', 'to_server'),
  blackHole('black-hole-back', 'no answer of the primary arrives for 6 s', 'to_front'),
  onNetwork('slow', 'everything takes 150 ms longer for 4 s', async ({ proxies }) => {
    for (const proxy of proxies) proxy.delay(150);
    await pause(4_000);
    released(proxies);
  }),
  alone('front-cut', 'one of several fronts has no connection to the database for 12 s', (proxy) =>
    proxy.refuse(),
  ),
  alone(
    'front-black-hole',
    'nothing passes between one of several fronts and the database for 12 s',
    (proxy) => proxy.hold('to_server', 'to_front'),
  ),
  alone('front-black-hole-out', 'nothing of one of several fronts reaches the primary for 12 s', (proxy) =>
    proxy.hold('to_server'),
  ),
  alone('front-black-hole-back', 'no answer of the primary reaches one of several fronts for 12 s', (proxy) =>
    proxy.hold('to_front'),
  ),
];
