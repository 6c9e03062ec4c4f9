import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { addStandby, type PostgresServer, startPrimary, until } from '../../test/support/postgres/server.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { FaultyProxy } from './proxy.ts';

/** In `synchronous_standby_names`. */
export const STANDBY = 'second';
export const DATABASE = 'keyward';
const NAMES = { synchronous_standby_names: `ANY 1 (${STANDBY})` };
/** By the time of its commit the checker knows what came before what. */
const SETTINGS = { track_commit_timestamp: 'on' };
const STARTS = 50;
const BETWEEN_STARTS_MS = 200;
const DISK = ['-t', 'tmpfs', '-o', 'size=400m,mode=755', 'tmpfs'];

interface Node {
  readonly server: PostgresServer;
  /** A small file system of its own, where one can be mounted. */
  readonly disk: string;
}

/** A primary and the standby that its commits wait for, behind an address for each front. */
export class Cluster {
  readonly #folder = temporaryFolder();
  readonly #hasDisks: boolean;
  readonly #nodes: Node[] = [];
  readonly #proxies = new Set<FaultyProxy>();
  #made = 0;
  primary!: PostgresServer;
  standby!: PostgresServer;

  static async start(hasDisks: boolean): Promise<Cluster> {
    const cluster = new Cluster(hasDisks);
    cluster.primary = await cluster.#node(() => startPrimary({ settings: SETTINGS }));
    await cluster.primary.query(`create database ${DATABASE} owner keyward`);
    await cluster.attachStandby();
    return cluster;
  }

  private constructor(hasDisks: boolean) {
    this.#hasDisks = hasDisks;
    chmodSync(this.#folder.path, 0o755);
  }

  /** Another address that leads to the primary. */
  async listen(): Promise<FaultyProxy> {
    const proxy = await FaultyProxy.listen(socketOf(this.primary));
    this.#proxies.add(proxy);
    return proxy;
  }

  async unlisten(proxy: FaultyProxy): Promise<void> {
    this.#proxies.delete(proxy);
    await proxy.close();
  }

  get proxies(): readonly FaultyProxy[] {
    return [...this.#proxies];
  }

  urlOf(proxy: FaultyProxy): string {
    return `postgres://keyward@127.0.0.1:${proxy.port}/${DATABASE}?sslmode=disable`;
  }

  /** New connections of all fronts go there. */
  pointAt(server: PostgresServer): void {
    for (const proxy of this.#proxies) proxy.pointAt(socketOf(server));
  }

  /** Resets all fronts' connections, or those among them that `chosen` picks. */
  cut(chosen?: () => boolean): void {
    for (const proxy of this.#proxies) proxy.cut(chosen);
  }

  /** A new copy of the primary becomes the one that commits wait for. */
  async attachStandby(): Promise<void> {
    await this.primary.configure(NAMES);
    this.standby = await this.copyOf(this.primary, STANDBY);
    await this.untilInSync();
  }

  copyOf(server: PostgresServer, name: string): Promise<PostgresServer> {
    return this.#node(() => addStandby(server, name, { settings: SETTINGS }));
  }

  async untilInSync(server = this.primary): Promise<void> {
    await until(async () => {
      const rows = await server.query(`select from pg_stat_replication where sync_state = 'quorum'`);
      return rows.length > 0;
    });
  }

  /** The promoted server, which has no standby yet, is the primary; the former one is left as it is. */
  async promote(server = this.standby): Promise<void> {
    await server.promote();
    await server.configure(NAMES);
    this.primary = server;
    this.pointAt(server);
  }

  /** Killed and started again, so that it has nothing but what it wrote down. */
  async restart(server: PostgresServer): Promise<void> {
    await server.kill();
    for (let attempt = 1; ; attempt++) {
      try {
        return await server.start();
      } catch (error) {
        // The kernel takes a while to end what was stopped.
        if (attempt === STARTS || !String(error).includes('still in use')) throw error;
        await pause(BETWEEN_STARTS_MS);
      }
    }
  }

  async remove(server: PostgresServer): Promise<void> {
    const index = this.#nodes.findIndex((node) => node.server === server);
    const [node] = this.#nodes.splice(index, 1);
    await server.remove();
    if (node && this.#hasDisks) execFileSync('umount', ['--lazy', node.disk]);
  }

  diskOf(server: PostgresServer): string {
    return this.#nodes.find((node) => node.server === server)?.disk ?? '';
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) await this.unlisten(proxy);
    for (const { server } of [...this.#nodes]) await this.remove(server);
    rmSync(this.#folder.path, { recursive: true, force: true });
  }

  /** Servers are made in the folder for temporary files. */
  async #node(make: () => Promise<PostgresServer>): Promise<PostgresServer> {
    const disk = join(this.#folder.path, `node-${++this.#made}`);
    mkdirSync(disk, { mode: 0o755 });
    if (this.#hasDisks) execFileSync('mount', [...DISK, disk]);
    const { TMPDIR } = process.env;
    process.env.TMPDIR = disk;
    const making = make();
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    const server = await making;
    this.#nodes.push({ server, disk });
    return server;
  }
}

function socketOf(server: PostgresServer): string {
  return join(server.folder, `.s.PGSQL.${server.port}`);
}
