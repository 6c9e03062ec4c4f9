import { appendFileSync, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { furtherFront } from '../../test/support/further-front.ts';
import { type RunningService, serveOn } from '../../test/support/running-service.ts';
import { type Cluster, DATABASE } from './cluster.ts';
import { NOTIFIED, SINK } from './dump.ts';
import type { FaultyProxy } from './proxy.ts';
import type { History, Impaired } from './record.ts';

/** One process of the service, with an address of the database and files of its own. */
export interface Front {
  readonly name: string;
  /** Undefined on SQLite. */
  readonly proxy: FaultyProxy | undefined;
  /** Another one after each start. */
  service: RunningService;
  /** Clients ask it; whoever ends it says so before. */
  isUp: boolean;
}

interface FrontsOptions {
  readonly history: History;
  readonly random: () => number;
  readonly cluster: Cluster | undefined;
  /** What each front logged and told is kept there: its name is put behind it. */
  readonly recordsAt: string;
}

const BETWEEN_STARTS_MS = 500;
const BETWEEN_LOOKS_MS = 200;
const LED_WITHIN_MS = 30_000;
const LEADER = 'select holder from keyward.slots where slot = 0';
const MOST_SAID = 300;

/** All fronts of the service. One that ends by itself is started again, as whoever supervises it would do. */
export class Fronts {
  readonly #options: FrontsOptions;
  readonly #all: Front[] = [];
  /** Those that have left as well. */
  readonly #known: Front[] = [];
  readonly #revivals = new Set<Promise<void>>();
  #isOver = false;

  constructor(options: FrontsOptions) {
    this.#options = options;
  }

  get all(): readonly Front[] {
    return this.#all;
  }

  /** Where each front, also one that has left, has its files. */
  get folders(): readonly { readonly front: string; readonly folder: string }[] {
    return this.#known.map(({ name, service }) => ({ front: name, folder: service.hsm.folder }));
  }

  /** One that runs, by chance; not `except`, if there is another. */
  any(except?: string): Front {
    const up = this.#all.filter(({ isUp }) => isUp);
    const others = up.filter(({ name }) => name !== except);
    const [from = this.#all] = [others, up].filter(({ length }) => length > 0);
    const chosen = from[Math.floor(this.#options.random() * from.length)];
    if (!chosen) throw new Error('there is no front');
    return chosen;
  }

  /** The one that does what nobody asked for. */
  async leader(): Promise<Front> {
    const { cluster } = this.#options;
    if (!cluster) return this.any();
    const deadline = performance.now() + LED_WITHIN_MS;
    while (performance.now() < deadline) {
      const [row] = await cluster.primary.query(LEADER, DATABASE);
      const pid = Number(String(row?.holder).split(' ')[1]);
      const front = this.#all.find(({ isUp, service }) => isUp && service.process.pid === pid);
      if (front) return front;
      await pause(BETWEEN_LOOKS_MS);
    }
    throw new Error('no front leads');
  }

  add(service: RunningService, proxy: FaultyProxy | undefined): Front {
    const front = { name: this.#nextName, proxy, service, isUp: true };
    this.#all.push(front);
    this.#known.push(front);
    this.#supervise(front);
    return front;
  }

  /** Another one of the same service. */
  async join(): Promise<Front> {
    const { cluster } = this.#options;
    const [first] = this.#known;
    if (!cluster || !first) throw new Error('only a service on PostgreSQL has further fronts');
    const proxy = await cluster.listen();
    const name = this.#nextName;
    const service = await this.#begun(name, () => furtherFront(first.service, cluster.urlOf(proxy)));
    return this.add(service, proxy);
  }

  /** Ends as asked to, and does not come back. */
  async leave(front: Front): Promise<void> {
    front.isUp = false;
    await this.#end(front);
    this.#all.splice(this.#all.indexOf(front), 1);
    if (front.proxy) await this.#options.cluster?.unlisten(front.proxy);
  }

  /** `kill -9`, and started again. */
  async restart(front: Front): Promise<void> {
    front.isUp = false;
    await this.impair([front], 'down', async () => {
      await front.service.kill();
      await this.#start(front);
    });
  }

  /** As for a new version: ends as asked to, and starts again. */
  async renew(front: Front): Promise<void> {
    front.isUp = false;
    await this.impair([front], 'down', async () => {
      await this.#end(front);
      await this.#start(front);
    });
  }

  /** What those fronts cannot do while that work is under way is written down. */
  async impair(fronts: readonly Front[], how: Impaired['how'], work: () => Promise<void>): Promise<void> {
    const asked = performance.now();
    await work();
    const report = { client: 'faults', asked, answered: performance.now(), outcome: 'ok' as const };
    for (const { name: front } of fronts)
      this.#options.history.add({ ...report, what: 'impaired', front, how });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    const running = this.#all.filter(({ isUp }) => isUp);
    for (const front of running) front.isUp = false;
    await Promise.allSettled(this.#revivals);
    for (const front of this.#all) {
      await front.service.kill();
      this.#keepLog(front);
    }
    for (const front of this.#known) this.#keepFiles(front);
    this.#known[0]?.service.hsm.remove();
  }

  async #end(front: Front): Promise<void> {
    const code = await front.service.stop();
    if (code !== 0) this.#tellEnd(front, 'serving', performance.now(), saidBy(front.service));
  }

  async #start(front: Front): Promise<void> {
    this.#keepLog(front);
    front.service = await this.#begun(front.name, () => serveOn(front.service));
    front.isUp = !this.#isOver;
    this.#supervise(front);
  }

  get #nextName(): string {
    return `front ${this.#known.length + 1}`;
  }

  /** Tries until it serves. */
  async #begun(name: string, begin: () => Promise<RunningService>): Promise<RunningService> {
    for (;;) {
      const asked = performance.now();
      try {
        return await begin();
      } catch (error) {
        this.#tellEnd({ name }, 'starting', asked, String(error));
        if (this.#isOver) throw error;
        await pause(BETWEEN_STARTS_MS);
      }
    }
  }

  #supervise(front: Front): void {
    const { process } = front.service;
    const onExit = () => {
      if (!front.isUp) return;
      const revival = this.#revive(front).finally(() => this.#revivals.delete(revival));
      this.#revivals.add(revival);
    };
    if (process.exitCode === null && process.signalCode === null) process.once('exit', onExit);
    else onExit();
  }

  async #revive(front: Front): Promise<void> {
    front.isUp = false;
    const asked = performance.now();
    // What it said last may still be on its way.
    await front.service.stop();
    const why = saidBy(front.service);
    await this.#start(front);
    this.#tellEnd(front, 'serving', asked, why);
  }

  #tellEnd({ name }: Pick<Front, 'name'>, phase: 'serving' | 'starting', asked: number, why: string): void {
    const report = { client: 'supervisor', asked, answered: performance.now(), outcome: 'ok' as const };
    this.#options.history.add({ ...report, what: 'ended', front: name, phase, why: why.slice(0, MOST_SAID) });
  }

  #keepFiles(front: Front): void {
    for (const name of [NOTIFIED, SINK]) {
      const file = join(front.service.hsm.folder, name);
      if (existsSync(file)) copyFileSync(file, this.#recordOf(front, name));
    }
  }

  #recordOf({ name }: Front, what: string): string {
    return `${this.#options.recordsAt}-${name.replace(' ', '-')}-${what}`;
  }

  #keepLog(front: Front): void {
    const { log } = front.service;
    appendFileSync(
      this.#recordOf(front, 'log.jsonl'),
      log.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
  }
}

function saidBy({ log, process }: RunningService): string {
  const last = log.findLast(({ level }) => level === 'fatal') ?? log.at(-1);
  const end = process.signalCode ?? `code ${process.exitCode}`;
  return String(last?.event ?? `${end}: ${JSON.stringify(last)}`);
}
