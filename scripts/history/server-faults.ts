import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer } from '../../test/support/postgres/server.ts';
import { takeAllSpace } from '../../test/support/small-disk.ts';
import type { Clients } from './clients.ts';
import type { Cluster } from './cluster.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

const FROZEN_MS = 5_000;
const LOOSE_MS = 3_000;

interface ServerFault extends Omit<Fault, 'engines' | 'play'> {
  play(cluster: Cluster, stage: Stage, clients: Clients): Promise<void>;
}

/** The former primary is gone for good. */
export async function failOver(cluster: Cluster): Promise<void> {
  const former = cluster.primary;
  await former.kill();
  await cluster.promote();
  cluster.cut();
  await cluster.remove(former);
  await cluster.attachStandby();
}

/**
 * What was acknowledged without the standby would be lost with the primary: it is, at once. A standby that went on would
 * still read what lies in the buffers of its connection.
 */
async function failOverToFrozen(cluster: Cluster): Promise<void> {
  const { primary, standby } = cluster;
  await primary.kill();
  await cluster.restart(standby);
  await failOver(cluster);
}

async function cancelWaits(primary: PostgresServer): Promise<void> {
  const until = performance.now() + LOOSE_MS;
  while (performance.now() < until) {
    await primary.query(`select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`);
    await pause(50);
  }
}

/** Half of the connections stay with the former primary, which goes on by itself. */
async function leaveZombie(cluster: Cluster, random: () => number): Promise<PostgresServer> {
  const zombie = cluster.primary;
  await cluster.promote();
  cluster.cut(() => random() < 0.5);
  return zombie;
}

/** Both servers that had all are gone. */
async function promoteLaggard(cluster: Cluster, clients: Clients): Promise<void> {
  const laggard = await cluster.copyOf(cluster.primary, 'third');
  laggard.freeze();
  const since = performance.now();
  await clients.releasedAfter(since + 1_000, 30_000);
  const former = [cluster.primary, cluster.standby];
  for (const server of former) await server.kill();
  await cluster.restart(laggard);
  await cluster.promote(laggard);
  cluster.cut();
  for (const server of former) await cluster.remove(server);
  await cluster.attachStandby();
}

const FAULTS: readonly ServerFault[] = [
  {
    name: 'primary-killed',
    what: 'SIGKILL of the primary, its standby is promoted',
    play: failOver,
  },
  {
    name: 'primary-frozen',
    what: 'SIGSTOP of the primary for 5 s',
    async play({ primary }) {
      primary.freeze();
      await pause(FROZEN_MS);
      primary.thaw();
    },
  },
  {
    name: 'standby-frozen',
    what: 'SIGSTOP of the standby for 5 s, then the primary is killed and the standby promoted',
    async play(cluster) {
      cluster.standby.freeze();
      await pause(FROZEN_MS);
      await failOverToFrozen(cluster);
    },
  },
  {
    name: 'wait-cancelled',
    what: 'waits for a frozen standby cancelled, then the standby is promoted',
    async play(cluster) {
      cluster.standby.freeze();
      await cancelWaits(cluster.primary);
      await failOverToFrozen(cluster);
    },
  },
  {
    name: 'names-emptied',
    what: 'synchronous_standby_names emptied with the standby frozen, then the standby is promoted',
    async play(cluster) {
      cluster.standby.freeze();
      await pause(500);
      await cluster.primary.configure({ synchronous_standby_names: '' });
      await pause(LOOSE_MS);
      await failOverToFrozen(cluster);
    },
  },
  {
    name: 'zombie',
    what: 'standby promoted while half of the connections stay with the old primary',
    async play(cluster, { random }) {
      const zombie = await leaveZombie(cluster, random);
      await cluster.attachStandby();
      await pause(FROZEN_MS);
      cluster.cut();
      await cluster.remove(zombie);
    },
  },
  {
    name: 'zombie-returns',
    what: 'the address leads back to the old primary, which has a standby of its own',
    async play(cluster, _stage, clients) {
      const zombie = cluster.primary;
      await cluster.promote();
      cluster.cut();
      await cluster.attachStandby();
      const copy = await cluster.copyOf(zombie, 'second');
      await cluster.untilInSync(zombie);
      await clients.releasedAfter(performance.now(), 30_000);
      await clients.showAgain(5, 5_000);
      cluster.pointAt(zombie);
      cluster.cut();
      await pause(FROZEN_MS);
      cluster.pointAt(cluster.primary);
      cluster.cut();
      for (const server of [copy, zombie]) await cluster.remove(server);
    },
  },
  {
    name: 'disk-full',
    what: 'the disk of the primary full for 5 s',
    needsDisks: true,
    async play(cluster) {
      const { primary } = cluster;
      const filler = join(cluster.diskOf(primary), 'filler');
      writeFileSync(filler, '');
      takeAllSpace(filler);
      await pause(FROZEN_MS);
      rmSync(filler);
      if (!primary.isRunning()) await primary.start();
      await cluster.untilInSync();
    },
  },
  {
    name: 'laggard',
    what: 'a copy that was not in sync is promoted',
    loses: true,
    async play(cluster, _stage, clients) {
      await promoteLaggard(cluster, clients);
      await pause(FROZEN_MS);
    },
  },
  {
    name: 'laggard-restarted',
    what: 'a copy that was not in sync is promoted, and a front killed and started again',
    loses: true,
    async play(cluster, stage, clients) {
      await promoteLaggard(cluster, clients);
      await stage.fronts.restart(stage.fronts.any());
      await pause(FROZEN_MS);
    },
  },
];

export const serverFaults: readonly Fault[] = FAULTS.map(({ play, ...fault }) => ({
  ...fault,
  engines: ['postgres'],
  play(stage, clients) {
    if (!stage.cluster) throw new Error('a fault of PostgreSQL is for PostgreSQL');
    return play(stage.cluster, stage, clients);
  },
}));
