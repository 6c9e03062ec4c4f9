import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../test/support/free-port.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Party } from './parties.ts';

/** OpenBao's transit engine: the key in memory, no audit device. */
export interface Bao {
  readonly version: string;
  readonly sign: Party['issue'];
  readonly body: string;
  readonly processes: Party['processes'];
  stop(): Promise<void>;
}

const START_MS = 30_000;
/** As long as that of a usual token. */
const SIGNING_INPUT = Buffer.alloc(400, 'a').toString('base64');

/** Undefined where there is no `bao` on the PATH. */
export async function startBao(): Promise<Bao | undefined> {
  const version = await versionOf();
  if (version === undefined) return undefined;
  const [port] = await freePorts(1);
  const credential = randomBytes(24).toString('base64url');
  const { path: HOME, remove } = temporaryFolder();
  const child = spawn('bao', ['server', '-dev', `-dev-listen-address=127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, HOME, BAO_DEV_ROOT_TOKEN_ID: credential },
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}/v1`;
  const bao: Bao = {
    version,
    sign: { url: `${url}/transit/sign/bench/sha2-256`, credential },
    body: JSON.stringify({ input: SIGNING_INPUT, marshaling_algorithm: 'jws' }),
    processes: () => ({ bao: child.pid ?? 0 }),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      remove();
    },
  };
  try {
    await untilUp(`${url}/sys/health`);
    await post(`${url}/sys/mounts/transit`, credential, { type: 'transit' });
    await post(`${url}/transit/keys/bench`, credential, { type: 'ecdsa-p256' });
    return bao;
  } catch (error) {
    await bao.stop();
    throw error;
  }
}

async function versionOf(): Promise<string | undefined> {
  const child = spawn('bao', ['version'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close').catch(() => undefined);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  return (await ended) === undefined ? undefined : said.trim();
}

async function untilUp(url: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (performance.now() > deadline) throw new Error('bao did not start');
    await pause(100);
  }
}

async function post(url: string, credential: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}
