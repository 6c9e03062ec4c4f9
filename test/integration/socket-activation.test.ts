import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { type RunningService, startService } from '../support/running-service.ts';

const HOLDER = fileURLToPath(new URL('../support/socket-holder.pl', import.meta.url));
const COMMAND_LINE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const RECOVERY = { timeout: 60_000, interval: 20 };

type Line = Record<string, unknown>;

let service: RunningService;
let sign: string;
let holder: ChildProcess | undefined;
let lines: Line[] = [];

beforeAll(async () => {
  service = await startService();
  ({ sign } = await service.provision({ id: 'payments' }));
  await service.stop();
});
afterAll(() => service?.remove());
afterEach(async () => {
  if (holder?.exitCode === null) {
    const gone = once(holder, 'exit');
    holder.kill('SIGTERM');
    await gone;
  }
});

const told = (member: string) => lines.flatMap((line) => (member in line ? [line[member]] : []));
const listening = () => lines.filter(({ msg }) => msg === 'data plane listens').length;

/** With sockets of these names; the configuration has their ports, but for `off`. Answers that of the data plane. */
async function hold(names: string, off = 0): Promise<number> {
  lines = [];
  const command = [
    process.execPath,
    '--disable-sigusr1',
    COMMAND_LINE,
    'serve',
    '--config',
    service.configFile,
  ];
  const started = spawn('perl', [HOLDER, names, ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  holder = started;
  for (const stream of [started.stdout, started.stderr]) {
    createInterface({ input: stream as Readable }).on('line', (line) => {
      lines.push(line.startsWith('{') ? JSON.parse(line) : { stderr: line });
    });
  }
  await expect.poll(() => told('ports').length, RECOVERY).toBe(1);
  const [data = 0, operations = 0] = told('ports')[0] as number[];
  const config = parseDocument(readFileSync(service.configFile, 'utf8'));
  config.setIn(['data_plane', 'port'], data + off);
  config.setIn(['operations_plane', 'port'], operations);
  writeFileSync(service.configFile, config.toString());
  started.stdin.write('begin\n');
  return data;
}

/** The status, or the error in its place. */
function issue(port: number, agent: Agent | undefined): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/scopes/payments/tokens',
        headers: { authorization: `Bearer ${sign}`, 'content-type': 'application/json' },
        ...(agent ? { agent } : { agent: false }),
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(String(response.statusCode)));
        response.once('error', (error) => resolve(error.message));
      },
    );
    asked.once('error', (error) => resolve(error.message));
    asked.end('{"claims":{"sub":"alice"}}');
  });
}

it('restarts under load, and no request is refused or fails', async () => {
  const port = await hold('data:operations');
  await expect.poll(listening, RECOVERY).toBe(1);
  const agent = new Agent({ keepAlive: true });
  const outcomes = new Map<string, number>();
  let isOver = false;
  let lastAt = performance.now();
  let longestMs = 0;
  const load = Array.from({ length: 12 }, async (_, at) => {
    while (!isOver) {
      const outcome = await issue(port, at % 2 ? agent : undefined);
      const now = performance.now();
      longestMs = Math.max(longestMs, now - lastAt);
      lastAt = now;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  });
  const issued = () => outcomes.get('201') ?? 0;
  for (const restart of [1, 2, 3, 4]) {
    const before = issued();
    await expect.poll(issued, RECOVERY).toBeGreaterThan(before + 100);
    process.kill(Number(told('started').at(-1)), 'SIGTERM');
    await expect.poll(listening, RECOVERY).toBe(restart + 1);
  }
  const before = issued();
  await expect.poll(issued, RECOVERY).toBeGreaterThan(before + 100);
  isOver = true;
  await Promise.all(load);
  agent.destroy();
  expect([...outcomes.keys()]).toEqual(['201']);
  expect(told('ended')).toEqual([0, 0, 0, 0]);
  console.log(`${issued()} tokens over 4 restarts, the longest gap ${Math.round(longestMs)} ms`);
});

it('no signer inherits the sockets', async () => {
  await hold('data:operations');
  await expect.poll(listening, RECOVERY).toBe(1);
  const signer = lines.find(({ msg }) => msg === 'signer ready')?.pid;
  const socketsOf = (pid: unknown) =>
    [3, 4].map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return undefined;
      }
    });
  const passed = socketsOf(told('started')[0]);
  expect(passed.every((link) => link?.startsWith('socket:'))).toBe(true);
  for (const link of socketsOf(signer)) expect(passed).not.toContain(link);
});

it.each([
  [
    'a name of no plane',
    'data:admin',
    0,
    /the socket "admin" is of no plane; name each by FileDescriptorName=/,
  ],
  ['one name twice', 'data:data', 0, /there are two sockets named data/],
  ['too few names', 'data', 0, /LISTEN_FDNAMES has 1 names for 2 sockets/],
  [
    'another port than the configuration',
    'data:operations',
    1,
    /the socket of the service manager has 127\.0\.0\.1 port \d+, the configuration 127\.0\.0\.1 port \d+: give both the same/,
  ],
])('does not start with %s', async (_, names, off, message) => {
  await hold(names, off);
  await expect.poll(() => told('ended'), RECOVERY).toEqual([256]);
  expect(told('stderr').join('\n')).toMatch(message);
});
