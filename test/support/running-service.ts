import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parse as parseYaml, stringify } from 'yaml';
import { makeCredential } from '../../src/kernel/credential.ts';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import { DATABASE_URL, initialisedBefore } from './initialised.ts';
import { createDatabase } from './postgres/create-database.ts';
import { CODE_CACHE, COMMAND_LINE } from './service-program.ts';
import type { Shim } from './shim.ts';
import { createSoftHsm, type SoftHsm } from './softhsm.ts';

const SHIFTED_CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the whole shape
  readonly body: any;
}

/** A real service: its own SoftHSM token, database and process. */
export interface RunningService {
  readonly hsm: SoftHsm;
  readonly configFile: string;
  readonly operator: string;
  /** Of another operator, where two were enrolled. */
  readonly approver: string | undefined;
  readonly dataUrl: string;
  readonly operationsUrl: string;
  readonly process: ChildProcess;
  /** Every line logged so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Settles with the first line, past or to come, that fits. */
  logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Of the signer that serves that HSM token. */
  signerPid(hsmToken?: string): number;
  data(method: string, path: string, credential?: string, body?: unknown): Promise<HttpAnswer>;
  /** As the first operator, unless another credential is given. */
  operations(method: string, path: string, body?: unknown, credential?: string): Promise<HttpAnswer>;
  /** What the first operator asks for, approved by the other where it takes two: the answer of the act. */
  act(method: string, path: string, body?: unknown): Promise<HttpAnswer['body']>;
  /** A scope of that id with an identity client and a relying client. */
  provision(scope: { id: string } & Record<string, unknown>): Promise<{ sign: string; verify: string }>;
  /** By so many seconds the wall clock of front and signer is wrong from the next start on. */
  shiftClock(seconds: number): void;
  /** SIGTERM; settles with the exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`; settles once the process and its signers are gone. */
  kill(): Promise<void>;
  /** Stops, if it runs, and starts again on the same token and database. */
  restart(launch?: Launch): Promise<RunningService>;
  remove(): Promise<void>;
}

/** How Node starts the process, beside what every service is started with. */
export interface Launch {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Of a package that was built; default: of this checkout. */
  readonly commandLine?: string;
}

export interface ServiceOptions {
  readonly launch?: Launch;
  /** Members of the configuration beside what the service needs to run at all. */
  readonly config?: Record<string, unknown>;
  readonly hsm?: Record<string, unknown>;
  /** Stands before SoftHSM, and sees all calls of the signer. */
  readonly shim?: Shim;
  /** Starts a signer that runs by itself over the token, and says where; the test stops it. */
  readonly signer?: (hsm: SoftHsm) => Promise<{ readonly socket: string; readonly user: string }>;
  /** Two operators, and `two_persons: true`. */
  readonly twoPersons?: boolean;
  /** Further HSM tokens by name, made by the test, which removes them. */
  readonly furtherTokens?: Readonly<Record<string, SoftHsm>>;
  /** Lets `shiftClock` work. */
  readonly shiftableClock?: boolean;
  /** By so many seconds the clock is wrong from the beginning; default 0. */
  readonly clockShiftSeconds?: number;
}

function clockOf({ folder }: SoftHsm) {
  const file = join(folder, 'clock-shift');
  return { file, preload: `${SHIFTED_CLOCK}?file=${file}` };
}

function onClockOf(hsm: SoftHsm, launch: Launch = {}): Launch {
  const { file, preload } = clockOf(hsm);
  if (!existsSync(file)) return launch;
  return { ...launch, flags: [`--import=${preload}`, ...(launch.flags ?? [])] };
}

function tokenMembers({ settings, environment }: SoftHsm, shim?: Shim) {
  return {
    module: shim?.modulePath ?? settings.modulePath,
    token_label: settings.tokenLabel,
    token_serial: settings.tokenSerial,
    pin_file: settings.pinFile,
    latch_file: settings.latchFile,
    environment: { ...environment, ...shim?.environment },
  };
}

export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const ground = isUsual(options) ? await usualGround(options) : await initialise(options);
  return serveOn(ground, options.launch);
}

/** Whether `keyward init` leaves the same without these options. */
function isUsual({ launch, signer, furtherTokens, shiftableClock, config = {} }: ServiceOptions): boolean {
  const decides = ['mode', 'database', 'two_persons'].some((member) => member in config);
  return !(launch || signer || furtherTokens || shiftableClock || decides);
}

/** Initialised without the options, and configured with them. */
async function usualGround(options: ServiceOptions): Promise<ServiceGround> {
  const { twoPersons = false } = options;
  const kind = `${twoPersons ? 'of-two' : 'of-one'}-${process.env.TEST_STORE ?? 'sqlite'}`;
  const ground = await initialisedBefore(kind, () => initialise({ twoPersons }));
  const { hsm, database } = parseYaml(readFileSync(ground.configFile, 'utf8'));
  const config = configOf(options, { ...hsm, ...tokenMembers(ground.hsm, options.shim) });
  writeFileSync(ground.configFile, stringify({ ...config, ...(database && { database }) }), { mode: 0o600 });
  return ground;
}

/** Made by `keyward init` with these options. */
async function initialise(options: ServiceOptions): Promise<ServiceGround> {
  const hsm = await createSoftHsm();
  const configFile = join(hsm.folder, 'config.yaml');
  const token = tokenMembers(hsm, options.shim);
  const clock = clockOf(hsm);
  if (options.shiftableClock) {
    writeFileSync(clock.file, String(options.clockShiftSeconds ?? 0));
    token.environment = { ...token.environment, NODE_OPTIONS: `--import=${clock.preload}` };
  }
  const database = await databaseMembers(hsm);
  const config = { ...database, ...configOf(options, await withSigner(hsm, token, options)) };
  writeFileSync(configFile, stringify(config), { mode: 0o600 });
  const [first, second] = [join(hsm.folder, 'operator'), join(hsm.folder, 'approver')];
  const operators = options.twoPersons
    ? ['--operator', `alice=${first}`, '--operator', `bob=${second}`]
    : ['--out', first];
  await run(['init', '--config', configFile, ...operators], onClockOf(hsm, options.launch));
  const [operator = '', approver] = (options.twoPersons ? [first, second] : [first]).map((file) =>
    readFileSync(file, 'utf8').split('\n', 1).join(''),
  );
  return { hsm, configFile, operator, approver };
}

function configOf(options: ServiceOptions, token: object) {
  return {
    data_plane: { port: 0, public_url: 'http://127.0.0.1:8080' },
    operations_plane: { port: 0 },
    hsm: { ...token, ...options.hsm },
    hsm_tokens: Object.fromEntries(
      Object.entries(options.furtherTokens ?? {}).map(([name, each]) => [name, tokenMembers(each)]),
    ),
    ...(options.twoPersons ? { two_persons: true } : {}),
    ...options.config,
  };
}

/** Where the run of tests asks for PostgreSQL, a database of the service's own; the server goes with the run. */
async function databaseMembers({ folder }: SoftHsm): Promise<object> {
  if (process.env.TEST_STORE !== 'postgres') return {};
  const { url } = await createDatabase();
  writeFileSync(join(folder, DATABASE_URL), url, { mode: 0o600 });
  return { database: { url_file: DATABASE_URL, durability: 'single' } };
}

async function withSigner(hsm: SoftHsm, token: ReturnType<typeof tokenMembers>, { signer }: ServiceOptions) {
  if (!signer) return token;
  const { socket, user } = await signer(hsm);
  return { token_label: token.token_label, token_serial: token.token_serial, signer: { socket, user } };
}

function launched(argv: readonly string[], launch: Launch, stdio: StdioOptions) {
  const { flags = [], environment = {}, commandLine = COMMAND_LINE } = launch;
  const options = { stdio, env: { ...process.env, ...CODE_CACHE, ...environment } };
  return spawn(process.execPath, [...NODE_FLAGS, ...flags, commandLine, ...argv], options);
}

async function run(argv: readonly string[], launch: Launch = {}): Promise<void> {
  const child = launched(argv, launch, 'pipe');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`keyward ${argv[0]} ended with ${code}: ${said}`);
}

/** What a service is started from. */
export type ServiceGround = Pick<RunningService, 'hsm' | 'configFile' | 'operator' | 'approver'>;

/** `keyward serve`; settles once both planes listen, fails with what it said where it ends before. */
export async function serveOn(ground: ServiceGround, launch: Launch = {}): Promise<RunningService> {
  const { hsm, configFile, operator, approver } = ground;
  const clock = clockOf(hsm);
  const onClock = onClockOf(hsm, launch);
  const child = launched(['serve', '--config', configFile], onClock, ['ignore', 'pipe', 'pipe']);
  const log: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let exited = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  createInterface({ input: child.stdout as Readable }).on('line', (line) => {
    // A kill cuts off what waits for its reader.
    if (!line.endsWith('}')) return;
    log.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  const gone = once(child, 'close').then(([code]) => {
    exited = true;
    for (const look of waiting) look();
    return code as number | null;
  });
  const logged: RunningService['logged'] = (fits) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const line = log.find(fits);
        if (line) resolve(line);
        else if (exited) reject(new Error(`the service ended: ${stderr}${JSON.stringify(log.slice(-5))}`));
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  const portOf = async (plane: string) => (await logged(({ msg }) => msg === `${plane} plane listens`)).port;
  const dataUrl = `http://127.0.0.1:${await portOf('data')}`;
  const operationsUrl = `http://127.0.0.1:${await portOf('operations')}`;
  // The port is another one at each start.
  for (const [name, credential] of Object.entries({ operator, approver })) {
    if (credential === undefined) continue;
    writeFileSync(join(hsm.folder, name), `${credential}\norigin ${operationsUrl}\n`, { mode: 0o600 });
  }

  const service: RunningService = {
    hsm,
    configFile,
    operator,
    approver,
    dataUrl,
    operationsUrl,
    process: child,
    log,
    logged,
    signerPid: (hsmToken = 'primary') =>
      log.findLast(({ msg, hsm_token }) => msg === 'signer ready' && hsm_token === hsmToken)?.pid as number,
    data: (method, path, credential, body) => call(method, dataUrl + path, credential, body),
    operations: (method, path, body, credential = operator) =>
      call(method, operationsUrl + path, credential, body),
    act: (method, path, body) => act(service, method, path, body),
    shiftClock: (seconds) => writeFileSync(clock.file, String(seconds)),
    provision: (scope) => provision(service, scope),
    async stop() {
      if (!exited) child.kill('SIGTERM');
      return gone;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
      const signers = log.filter(({ msg }) => msg === 'signer ready').map(({ pid }) => Number(pid));
      while (signers.some(isAlive)) await pause(20);
    },
    async restart(next = launch) {
      await service.stop();
      return serveOn(ground, next);
    },
    async remove() {
      if (!exited) child.kill('SIGKILL');
      await gone;
      hsm.remove();
    },
  };
  return service;
}

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

async function call(method: string, url: string, credential?: string, body?: unknown): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(credential ? { authorization: `Bearer ${credential}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function act(
  { operations, approver }: RunningService,
  method: string,
  path: string,
  body: unknown,
): Promise<HttpAnswer['body']> {
  const answer = await succeed(operations(method, path, body));
  if (!answer.proposal) return answer;
  const { id } = answer.proposal;
  return (await succeed(operations('POST', `/v1/admin/proposals/${id}/approve`, undefined, approver))).result;
}

async function provision(
  service: Pick<RunningService, 'act'>,
  scope: { id: string } & Record<string, unknown>,
): Promise<{ sign: string; verify: string }> {
  const definition = { issuer: 'https://login.example', audience: `https://${scope.id}.example`, ...scope };
  await service.act('POST', '/v1/admin/scopes', definition);
  const client = async (action: 'sign' | 'verify') => {
    const id = `${scope.id}-${action}`;
    const { text, digest } = makeCredential('svc');
    const credential_digest = digest.toString('base64url');
    await service.act('POST', '/v1/admin/clients', { id, description: 'test', credential_digest });
    await service.act('POST', '/v1/admin/grants', { client: id, scope: scope.id, action });
    return text;
  };
  return { sign: await client('sign'), verify: await client('verify') };
}

async function succeed(answer: Promise<HttpAnswer>): Promise<HttpAnswer['body']> {
  const { status, body } = await answer;
  if (status >= 400) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}
