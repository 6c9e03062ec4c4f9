import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { signalAll, treeOf } from './process-tree.ts';
import { OWNER, programFile } from './programs.ts';

const run = promisify(execFile);

/** Of tests, whose machine is not to lose power: nothing waits for a disk. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'replica',
  shared_buffers: '32MB',
  max_connections: '60',
  wal_sender_timeout: '0',
  listen_addresses: '',
  jit: 'off',
  TimeZone: 'UTC',
};

export interface ServerOptions {
  /** Beside those of tests, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Listens on 127.0.0.1 too, at this port. */
  readonly port?: number;
  /** Files of a certificate and its key: 127.0.0.1 takes passwords over TLS and nothing else. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A PostgreSQL server in a folder of its own, reached through a Unix socket there. It ends with its parent. */
export class PostgresServer {
  /** Holds the socket and the data; removed by `remove`. */
  readonly folder: string;
  readonly port: number;
  readonly #data: string;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.#data = join(folder, 'data');
  }

  get dataFolder(): string {
    return this.#data;
  }

  /** A connection string; the users are `admin` and `keyward`, neither with a password. */
  url(database = 'postgres', user: 'admin' | 'keyward' = 'keyward'): string {
    return `postgres:///${database}?host=${encodeURIComponent(this.folder)}&port=${this.port}&user=${user}`;
  }

  /** Answers the rows of one statement, run by the administrator. */
  async query(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: this.folder, port: this.port, user: 'admin', database });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Until connections are taken. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const command = ['--pdeathsig', 'QUIT', programFile('postgres'), '-D', this.#data];
    // Node drops all groups of root's with its ids; the signal is asked for after that, since it would be forgotten.
    this.#process = spawn('setpriv', command, { ...asOwner(this.folder), stdio: ['ignore', log, log] });
    const ended = new Promise<never>((_resolve, reject) => {
      this.#process?.once('error', reject);
      this.#process?.once('exit', () => reject(new Error(`PostgreSQL ended:\n${this.log()}`)));
    });
    ended.catch(() => {});
    await Promise.race([this.#ready(), ended]);
  }

  async #ready(): Promise<void> {
    while (this.#process?.exitCode === null && !this.#saysReady()) await sleep(20);
  }

  /** The file's eighth line is the server's state. */
  #saysReady(): boolean {
    try {
      const lines = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === this.#process?.pid && lines[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  }

  log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Makes it read its settings anew, these among them. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(settings)) {
      await this.query(`alter system set ${name} = '${value}'`);
    }
    await this.query('select pg_reload_conf()');
    // The reload is a signal; each backend obeys it at its next command.
    for (const [name, value] of Object.entries(settings)) {
      await until(async () => (await this.query(`select current_setting('${name}') as is`))[0]?.is === value);
    }
  }

  /** From standby to primary, once writes are taken. */
  async promote(): Promise<void> {
    await this.query('select pg_promote()');
    await until(async () => (await this.query('select pg_is_in_recovery() as is'))[0]?.is === false);
  }

  /** As a machine that answers nothing and holds its connections; `thaw` lets it go on. */
  freeze(): void {
    signalAll(this.#tree(), 'SIGSTOP');
  }

  thaw(): void {
    signalAll(this.#tree(), 'SIGCONT');
  }

  /** Whether the process that `start` made is still there. */
  isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** At once, with every backend. */
  async kill(): Promise<void> {
    let tree: readonly number[] = [];
    await this.#end(() => {
      // It makes no more of them.
      this.#process?.kill('SIGSTOP');
      tree = this.#tree();
      signalAll(tree, 'SIGKILL');
    });
    // The memory that they share keeps the next start back.
    await until(async () => !tree.some(isAlive));
  }

  /** Ends its connections, and itself in good order. */
  async stop(): Promise<void> {
    await this.#end(() => this.#process?.kill('SIGINT'));
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #tree(): number[] {
    return this.#process?.pid === undefined ? [] : treeOf(this.#process.pid);
  }

  async #end(send: () => void): Promise<void> {
    const server = this.#process;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    send();
    await exited;
    this.#process = undefined;
  }
}

/** Not only waiting for whoever asks how it ended. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Initialised and started, with a user `keyward` who may do what a service needs. */
export async function startPrimary(options: ServerOptions = {}): Promise<PostgresServer> {
  const server = new PostgresServer(ownFolder(), options.port ?? 5432);
  const { folder, dataFolder } = server;
  const init = [
    '-D',
    dataFolder,
    '--no-sync',
    '--username=admin',
    '--auth=trust',
    '-E',
    'UTF8',
    '--locale=C',
  ];
  await run(programFile('initdb'), init, asOwner(folder));
  configureFiles(server, options);
  await server.start();
  await server.query('create role keyward login');
  await server.query('grant pg_monitor to keyward');
  for (const database of ['postgres', 'template1'])
    await server.query('create schema keyward authorization keyward', database);
  return server;
}

/** A streaming copy of it, by that name in `synchronous_standby_names`. */
export async function addStandby(
  primary: PostgresServer,
  name: string,
  options: Pick<ServerOptions, 'settings'> = {},
): Promise<PostgresServer> {
  const server = new PostgresServer(ownFolder(), 5432);
  const source = `host=${primary.folder} port=${primary.port} user=admin application_name=${name}`;
  const copy = ['-D', server.dataFolder, '-d', source, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  await run(programFile('pg_basebackup'), copy, asOwner(server.folder));
  configureFiles(server, options);
  await server.start();
  return server;
}

function configureFiles(server: PostgresServer, { settings, port, tls }: ServerOptions): void {
  const own = {
    ...SETTINGS,
    unix_socket_directories: server.folder,
    port: String(server.port),
    ...(port === undefined ? {} : { listen_addresses: '127.0.0.1' }),
    ...(tls ? { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' } : {}),
    ...settings,
  };
  const lines = Object.entries(own).map(([name, value]) => `${name} = '${value}'\n`);
  writeFileSync(join(server.dataFolder, 'postgresql.conf'), lines.join(''));
  if (!tls) return;
  const hba = 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n';
  writeFileSync(join(server.dataFolder, 'pg_hba.conf'), hba);
  for (const [from, to] of [[tls.certificate, 'server.crt'] as const, [tls.key, 'server.key'] as const]) {
    writeFileSync(join(server.dataFolder, to), readFileSync(from), { mode: 0o600 });
    if (OWNER) chownSync(join(server.dataFolder, to), OWNER.uid, OWNER.gid);
  }
}

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-postgres-'));
  if (OWNER) chownSync(folder, OWNER.uid, OWNER.gid);
  return folder;
}

function asOwner(cwd: string) {
  return { ...OWNER, cwd, env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: cwd } };
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
