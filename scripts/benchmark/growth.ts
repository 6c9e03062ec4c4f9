// What scopes cost as there are more of them: `npm run growth -- --scopes 10,100,1000,2000`. A service over a SoftHSM
// token is filled to each size in turn and measured there, with `--postgres` on PostgreSQL with a synchronous standby.
// A thousand scopes take some minutes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePorts } from '../../test/support/free-port.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import { cellName, type Kind, loadCells, warmUp } from './load-cells.ts';
import { type Party, partyOf } from './parties.ts';
import { cpuSeconds, usageOf } from './process-usage.ts';
import { runRounds, Samples } from './rounds.ts';
import { startSyncedPostgres } from './synced-postgres.ts';
import { residentMiB } from './threads.ts';

const { values } = parseArgs({
  options: {
    /** Sizes, each greater than the one before. */
    scopes: { type: 'string', default: '10,100,300,1000' },
    algorithm: { type: 'string', default: 'ES256' },
    /** Of load at each size and of one kind, in turn with a service of one scope; 0 for none. */
    seconds: { type: 'string', default: '3' },
    postgres: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const sizes = values.scopes.split(',').map(Number);
if (sizes.some((size, at) => !Number.isSafeInteger(size) || size <= (sizes[at - 1] ?? 0))) {
  throw new Error('--scopes takes whole numbers that grow, such as 10,100,1000');
}
const PROGRESS_EVERY = 50;
/** The best is taken: others may use the machine. */
const ROUNDS = 3;
const CONNECTIONS = 64;
/** How many different ones are verified. */
const TOKENS = 2_000;
const COMMANDS = [['scope', 'list'], ['key', 'list'], ['doctor']];
const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const KINDS = ['issue', 'verify'] as const;

type Row = Readonly<Record<string, number>>;
type Credentials = Parameters<typeof partyOf>[3];

const postgres = values.postgres ? await startSyncedPostgres() : undefined;
const small = await startOne('small');
const few = partyOf('small', small, 'payments', await small.provision({ id: 'payments' }));
let service = await startOne('large');
const rows: Row[] = [];
try {
  const credentials = await service.provision({ id: 'payments', algorithm: values.algorithm });
  let made = 1;
  for (const size of sizes) {
    const filling = await fill(made, size);
    made = size;
    rows.push({ scopes: size, ...filling, ...(await measure(credentials)) });
    if (!values.json) print();
  }
  if (values.json) console.log(JSON.stringify(rows));
} finally {
  await service.remove();
  await few.stop();
  await postgres?.stop();
}

async function startOne(name: string): Promise<RunningService> {
  const [dataPort = 0, operationsPort = 0] = await freePorts(2);
  return await startService({
    config: {
      data_plane: { port: dataPort, public_url: `http://127.0.0.1:${dataPort}` },
      operations_plane: { port: operationsPort },
      limits: { client_requests_per_second: 1_000_000 },
      ...(await postgres?.configOf(name)),
    },
  });
}

async function fill(from: number, to: number): Promise<Row> {
  const spent = () => ({ front: usageOf(frontPid()).seconds, signer: usageOf(service.signerPid()).seconds });
  const before = { ...spent(), at: performance.now() };
  for (let n = from; n < to; n++) {
    const id = `scope-${n}`;
    const scope = { id, issuer: 'https://login.example', audience: `https://${id}.example` };
    await service.act('POST', '/v1/admin/scopes', { ...scope, algorithm: values.algorithm });
    if ((n + 1) % PROGRESS_EVERY === 0) progress(n + 1, from, before.at);
  }
  const seconds = (performance.now() - before.at) / 1_000;
  const [after, count] = [spent(), Math.max(1, to - from)];
  return {
    'made a second': round(count / seconds),
    'front ms each': round((1_000 * (after.front - before.front)) / count),
    'signer ms each': round((1_000 * (after.signer - before.signer)) / count),
  };
}

/** A figure a line: there are too many for a column each. */
function print(): void {
  const figures = Object.keys(rows.at(-1) ?? {}).filter((figure) => figure !== 'scopes');
  const lineOf = (figure: string) =>
    Object.fromEntries(rows.map(({ scopes, ...row }) => [`${scopes} scopes`, row[figure]]));
  console.table(Object.fromEntries(figures.map((figure) => [figure, lineOf(figure)])));
}

function progress(made: number, from: number, began: number): void {
  const rate = (1_000 * (made - from)) / (performance.now() - began);
  process.stderr.write(`${made} scopes, ${round(rate)} a second\n`);
}

async function measure(credentials: Credentials): Promise<Row> {
  await service.stop();
  const began = performance.now();
  service = await service.restart();
  const start = { 'start s': seconds(began), 'start CPU s': round(cpuSeconds(frontPid())) };
  const memory = {
    'front MiB': Math.round(residentMiB(frontPid())),
    'signer MiB': Math.round(residentMiB(service.signerPid())),
  };
  const commands = COMMANDS.map((argv) => [argv.join(' '), () => keyward(argv)] as const);
  const inventory = () => service.act('POST', '/v1/admin/inventory', {});
  const times: Record<string, number> = {};
  for (const [name, ask] of [...commands, ['inventory', inventory] as const]) {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const asked = performance.now();
      await ask();
      rounds.push(seconds(asked));
    }
    times[`${name} s`] = Math.min(...rounds);
  }
  return { ...start, ...times, ...memory, ...(await load(credentials)) };
}

async function keyward(argv: readonly string[]): Promise<void> {
  const credential = ['--credential-file', join(service.hsm.folder, 'operator')];
  const command = [pathOf('../../src/cli/main.ts'), ...argv, '--config', service.configFile, ...credential];
  await run(process.execPath, command, { maxBuffer: 1 << 30 });
}

/** Beside its own figures their ratio to those of the small service, measured in the same minute. */
async function load(credentials: Credentials): Promise<Row> {
  if (Number(values.seconds) === 0) return {};
  const large = partyOf('large', service, 'payments', credentials);
  const parties = [large, few];
  for (const party of parties) await warmUp(party, TOKENS);
  const effort = { seconds: Number(values.seconds), tokens: TOKENS };
  const samples = new Samples();
  const cells = KINDS.flatMap((kind) => loadCells(kind, [CONNECTIONS], parties, effort));
  await runRounds(cells, ROUNDS, samples, () => undefined);
  const failures = samples.failures();
  if (Object.keys(failures).length > 0) console.warn('failed requests:', failures);
  return Object.assign({}, ...KINDS.map((kind) => loadOf(samples, kind, large)));
}

function loadOf(samples: Samples, kind: Kind, large: Party): Row {
  const [cell, ofFew] = [large, few].map(({ name }) => cellName(kind, CONNECTIONS, name)) as [string, string];
  return {
    [`${kind} a second`]: Math.round(samples.median(cell)),
    [`${kind} to small`]: round(samples.ratio(cell, ofFew)),
    [`${kind} us CPU`]: Math.round(samples.median(cell, 'cpuUs')),
    [`${kind} CPU to small`]: round(samples.ratio(cell, ofFew, 'cpuUs')),
  };
}

function frontPid(): number {
  return service.process.pid ?? 0;
}

function seconds(since: number): number {
  return round((performance.now() - since) / 1_000);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
