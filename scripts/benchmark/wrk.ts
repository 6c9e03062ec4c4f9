import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Load {
  readonly url: string;
  readonly credential: string;
  readonly seconds: number;
  readonly connections: number;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx, and connections lost. */
  readonly failed: number;
}

/** The credential goes into the script, which lies in a folder of its own: not into wrk's arguments. */
const script = (credential: string) => `
wrk.method = "POST"
wrk.body = '{"claims":{"sub":"alice"}}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer ${credential}"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"failed":%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.status + e.connect + e.read + e.write + e.timeout))
end
`;

export async function runWrk({ url, credential, seconds, connections }: Load): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'));
  try {
    const file = join(folder, 'sign.lua');
    await writeFile(file, script(credential), { mode: 0o600 });
    const argv = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', file, url];
    const { stdout } = await promisify(execFile)('wrk', argv);
    const result = stdout.match(/^RESULT (.*)$/m)?.[1];
    if (result === undefined) throw new Error(`wrk gave no result: ${stdout}`);
    return JSON.parse(result);
  } finally {
    await rm(folder, { recursive: true });
  }
}
