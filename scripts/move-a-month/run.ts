import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { startPrimary } from '../../test/support/postgres/server.ts';
import { type RunningService, serveOn } from '../../test/support/running-service.ts';
import { query } from '../../test/support/store-database.ts';
import { HURRIED, hurry } from '../../test/support/tamper/launch.ts';
import { liveAMonth, type Month } from './life.ts';
import type { Options } from './options.ts';
import { Watch, type Watched } from './watch.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SUBJECT_TO_ERASE = 'user-4711';

/** What one command did. */
export interface Step {
  readonly step: string;
  readonly seconds: number;
  readonly rows: number;
  /** Of these, how many it wrote. */
  readonly copied: number;
}

export interface Played extends Watched {
  readonly steps: readonly Step[];
  /** How long nobody served, once a move, from the order to stop until both planes listened again. */
  readonly stops: readonly number[];
  /** What `keyward audit verify` and a look at the trail found at the end, beside what the verifiers noticed. */
  readonly findings: readonly unknown[];
}

type Plays = Omit<Options, 'help' | 'json'>;

/** Lives a month, moves it to PostgreSQL and back, and answers what verifiers noticed. */
export async function moveAMonth(options: Plays, onStep: (what: string) => void): Promise<Played> {
  const month = await liveAMonth(options, onStep);
  const server = await startPrimary();
  const mover = new Mover(month, options, onStep);
  try {
    await server.query('create database month owner keyward');
    return await mover.play(server.url('month'));
  } finally {
    await mover.remove();
    await server.remove();
  }
}

class Mover {
  readonly #month: Month;
  readonly #copies: number;
  readonly #onStep: (what: string) => void;
  readonly #watch: Watch;
  readonly #steps: Step[] = [];
  readonly #stops: number[] = [];
  #service: RunningService;

  constructor(month: Month, { verifiers, copies }: Plays, onStep: (what: string) => void) {
    this.#month = month;
    this.#copies = copies;
    this.#service = month.service;
    this.#onStep = onStep;
    this.#watch = new Watch(month.service, month.grants.verify, verifiers);
  }

  async play(url: string): Promise<Played> {
    const urlFile = this.#file('database-url');
    writeFileSync(urlFile, url, { mode: 0o600 });
    await this.#watch.following();
    await this.#live();
    await this.#move('to PostgreSQL', ['--to-url-file', urlFile, '--durability', 'single']);
    await this.#move('back to SQLite', ['--to-file', this.#file('back.db')]);
    const watched = await this.#watch.end();
    await this.#service.stop();
    this.#onStep('verifying');
    const { findings } = await this.#keyward('audit', 'verify');
    // What the host remembers of the ledger is as good as before.
    const unproven = `SELECT sequence, type FROM audit_events WHERE type = 'ledger.end_unproven'`;
    const found = [...findings, ...query(this.#file('back.db'), unproven)];
    return { steps: this.#steps, stops: this.#stops, ...watched, findings: found };
  }

  async remove(): Promise<void> {
    await this.#watch.end();
    await this.#service.remove();
  }

  async #move(where: string, to: readonly string[]): Promise<void> {
    for (let copy = 1; copy <= this.#copies; copy++) {
      await this.#migrate(`initial copy ${copy} ${where}`, [...to, '--initial-copy']);
      await this.#live();
    }
    const stopped = performance.now();
    await this.#service.stop();
    const { database } = await this.#migrate(`move ${where}`, to);
    const config = parse(readFileSync(this.#service.configFile, 'utf8'));
    writeFileSync(this.#service.configFile, stringify({ ...config, database }), { mode: 0o600 });
    this.#service = await serveOn(this.#service, HURRIED);
    this.#stops.push((performance.now() - stopped) / 1_000);
    await this.#watch.following();
    await this.#live();
  }

  /** A little of everything that changes rows; each time another token stays. */
  async #live(): Promise<void> {
    const { people, grants } = this.#month;
    const service = this.#service;
    const issue = () => people.issue(service, grants.sign);
    this.#watch.hold(await issue());
    for (const by of ['jti', 'root'] as const) {
      const token = await issue();
      this.#watch.hold(token);
      await this.#watch.revoke(token, () => people.revoke(service, token, by));
    }
    await people.rotate(service);
    await people.erase(service, SUBJECT_TO_ERASE);
    await people.report(service);
    await people.plantCanary(service);
    await people.leakCredential(service);
    hurry(service);
    this.#watch.hold(await issue());
  }

  async #migrate(step: string, argv: readonly string[]) {
    this.#onStep(step);
    const began = performance.now();
    const answer = await this.#keyward('migrate-store', ...argv);
    const sum = (of: 'rows' | 'copied') =>
      answer.tables.reduce((total: number, table: Record<typeof of, number>) => total + table[of], 0);
    const seconds = (performance.now() - began) / 1_000;
    this.#steps.push({ step, seconds, rows: sum('rows'), copied: sum('copied') });
    return answer;
  }

  /** Beside the verifiers, in a process of its own. */
  async #keyward(...argv: readonly string[]) {
    const command = [MAIN, ...argv, '--json', '--config', this.#service.configFile];
    const options = { maxBuffer: 1 << 26 };
    const { stdout } = await promisify(execFile)(process.execPath, command, options);
    return JSON.parse(stdout);
  }

  #file(name: string): string {
    return join(this.#service.hsm.folder, name);
  }
}
