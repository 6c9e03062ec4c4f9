import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { passingFolder } from './passing-folder.ts';

export interface Load {
  readonly url: string;
  readonly credential: string;
  readonly seconds: number;
  readonly connections: number;
  /** JSON texts, sent in turn and from the first again. */
  readonly bodies: readonly string[];
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Answers other than 2xx, and connections lost. */
  readonly failed: number;
}

export const CLAIMS = JSON.stringify({ claims: { sub: 'alice' } });

/** The credential goes into the script, which lies in a folder of its own: not into wrk's arguments. */
const script = (credential: string, bodies: string) => `
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer ${credential}"
local requests, at = {}, 0
init = function()
  for body in io.lines("${bodies}") do requests[#requests + 1] = wrk.format(nil, nil, nil, body) end
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"longestMs":%f,"failed":%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    e.status + e.connect + e.read + e.write + e.timeout))
end
`;

let folder: string | undefined;
let runs = 0;

export async function runWrk({ url, credential, seconds, connections, bodies }: Load): Promise<Measured> {
  folder ??= passingFolder();
  const nth = ++runs;
  const [lua, lines] = [join(folder, `load-${nth}.lua`), join(folder, `bodies-${nth}`)];
  await writeFile(lines, `${bodies.join('\n')}\n`, { mode: 0o600 });
  await writeFile(lua, script(credential, lines), { mode: 0o600 });
  const argv = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', lua, url];
  const { stdout } = await promisify(execFile)('wrk', argv).catch(explained);
  const result = stdout.match(/^RESULT (.*)$/m)?.[1];
  if (result === undefined) throw new Error(`wrk gave no result: ${stdout}`);
  return JSON.parse(result);
}

function explained(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ENOENT') throw error;
  throw new Error('wrk is missing. On Debian: apt-get install -y wrk');
}
