// What is served at twice the rate that the service can do, and how soon the rest is refused.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import { freePorts } from '../../test/support/free-port.ts';
import { startService } from '../../test/support/running-service.ts';
import type { Answered } from './ask-openly.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '2' },
    /** The service on one core, whoever asks on another: what asking costs is then not taken from the service. */
    apart: { type: 'boolean', default: false },
    /** Another checkout of the service, to compare with. */
    source: { type: 'string', default: fileURLToPath(new URL('../..', import.meta.url)) },
  },
});
const CONNECTIONS = 1_000;
const run = promisify(execFile);
const onCore = (core: number, argv: string[]): [string, string[]] =>
  values.apart
    ? ['taskset', ['--cpu-list', String(core), process.execPath, ...argv]]
    : [process.execPath, argv];
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const service = await startService();
try {
  const { sign } = await service.provision({ id: 'payments' });
  await service.stop();
  const [port = 0] = await freePorts(1);
  const config = parse(readFileSync(service.configFile, 'utf8'));
  config.data_plane.port = port;
  config.log = { level: 'warn' };
  config.limits = { client_requests_per_second: 1_000_000 };
  writeFileSync(service.configFile, stringify(config));
  const argv = [...NODE_FLAGS, `${values.source}/src/cli/main.ts`, 'serve', '--config', service.configFile];
  const front = spawn(...onCore(0, argv), { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}/v1/scopes/payments/tokens`;
  while (!(await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok) {
    if (front.exitCode !== null) throw new Error('the service did not start');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  for (let round = 0; round < Number(values.rounds); round++) {
    const asking = async (asked: number, connections: number) => {
      const argv = [pathOf('./open-loop.ts'), url, sign, String(asked), values.seconds, String(connections)];
      return JSON.parse((await run(...onCore(1, argv))).stdout) as Answered;
    };
    const { answers } = await asking(0, 64);
    const rate = answers['201']?.aSecond ?? 0;
    console.log(`64 callers: ${rate} tokens/s`);
    for (const times of [0.9, 2]) {
      const asked = Math.round(rate * times);
      const { unsent, lost, answers: told } = await asking(asked, CONNECTIONS);
      const served = (100 * (told['201']?.aSecond ?? 0)) / Math.min(asked, rate);
      console.log(
        `${times} times: ${asked} a second, ${served.toFixed(0)} % served, ${unsent} unsent, ${lost} lost`,
      );
      for (const [kind, { aSecond, p50, p99, most }] of Object.entries(told)) {
        console.log(`  ${kind}: ${aSecond} a second, p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`);
      }
    }
  }
  front.kill('SIGTERM');
  await once(front, 'close');
} finally {
  await service.remove();
}
