import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { FaultyProxy } from './proxy.ts';

const HELD_MS = 6_000;
const CUTS = 6;

function onProxy(
  name: string,
  what: string,
  play: (proxy: FaultyProxy, random: () => number) => Promise<void>,
): Fault {
  return {
    name,
    what,
    engines: ['postgres'],
    async play({ cluster, random }) {
      if (!cluster) throw new Error('the proxy stands before PostgreSQL');
      await play(cluster.proxy, random);
      cluster.proxy.release();
    },
  };
}

export const networkFaults: readonly Fault[] = [
  onProxy('cut', 'connections reset at random moments', async (proxy, random) => {
    for (let cut = 0; cut < CUTS; cut++) {
      await pause(random() * 1_000);
      proxy.cut(() => random() < 0.7);
    }
  }),
  onProxy(
    'reset-in-commit',
    'connections reset in place of the answer to a commit',
    async (proxy, random) => {
      for (let cut = 0; cut < CUTS; cut++) {
        proxy.resetAnswers(1);
        await pause(400 + random() * 600);
      }
    },
  ),
  onProxy('black-hole', 'nothing passes for 6 s', async (proxy) => {
    proxy.hold('to_server', 'to_front');
    await pause(HELD_MS);
  }),
  onProxy('black-hole-out', 'nothing reaches the primary for 6 s', async (proxy) => {
    proxy.hold('to_server');
    await pause(HELD_MS);
  }),
  onProxy('black-hole-back', 'no answer of the primary arrives for 6 s', async (proxy) => {
    proxy.hold('to_front');
    await pause(HELD_MS);
  }),
  onProxy('slow', 'everything takes 150 ms longer for 4 s', async (proxy) => {
    proxy.delay(150);
    await pause(4_000);
  }),
];
