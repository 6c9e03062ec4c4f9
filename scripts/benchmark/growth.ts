// What scopes cost as there are more of them: `npm run growth -- --scopes 10,100,1000,2000`. A service over a SoftHSM
// token is filled to each size in turn and measured there. A thousand scopes take some minutes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePorts } from '../../test/support/free-port.ts';
import { startService } from '../../test/support/running-service.ts';
import { cpuSeconds, usageOf } from './process-usage.ts';
import { residentMiB } from './threads.ts';

const { values } = parseArgs({
  options: {
    /** Sizes, each greater than the one before. */
    scopes: { type: 'string', default: '10,100,300,1000' },
    algorithm: { type: 'string', default: 'ES256' },
    /** Of load at each size; 0 for none. */
    seconds: { type: 'string', default: '5' },
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
const COMMANDS = [['scope', 'list'], ['key', 'list'], ['doctor']];
const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

type Row = Readonly<Record<string, number>>;

const [dataPort = 0, operationsPort = 0] = await freePorts(2);
let service = await startService({
  config: {
    data_plane: { port: dataPort, public_url: `http://127.0.0.1:${dataPort}` },
    operations_plane: { port: operationsPort },
    limits: { client_requests_per_second: 1_000_000 },
  },
});
const rows: Row[] = [];
try {
  const { sign } = await service.provision({ id: 'payments', algorithm: values.algorithm });
  let made = 1;
  for (const size of sizes) {
    const filling = await fill(made, size);
    made = size;
    rows.push({ scopes: size, ...filling, ...(await measure(sign)) });
    if (!values.json) console.table(rows);
  }
  if (values.json) console.log(JSON.stringify(rows));
} finally {
  await service.remove();
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

function progress(made: number, from: number, began: number): void {
  const rate = (1_000 * (made - from)) / (performance.now() - began);
  process.stderr.write(`${made} scopes, ${round(rate)} a second\n`);
}

async function measure(sign: string): Promise<Row> {
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
  return { ...start, ...times, ...memory, ...(await load(sign)) };
}

async function keyward(argv: readonly string[]): Promise<void> {
  const credential = ['--credential-file', join(service.hsm.folder, 'operator')];
  const command = [pathOf('../../src/cli/main.ts'), ...argv, '--config', service.configFile, ...credential];
  await run(process.execPath, command, { maxBuffer: 1 << 30 });
}

async function load(sign: string): Promise<Row> {
  if (Number(values.seconds) === 0) return {};
  const url = `${service.dataUrl}/v1/scopes/payments/tokens`;
  const argv = [pathOf('./load.ts'), url, sign, '64', values.seconds, '1', String(frontPid())];
  const { rate, cpuUs } = JSON.parse((await run(process.execPath, argv)).stdout) as {
    rate: number;
    cpuUs: number;
  };
  return { 'tokens a second': Math.round(rate), 'us CPU a token': Math.round(cpuUs) };
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
