import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Stop } from './say.ts';

/** Runs a TypeScript program under this Node; answers what it printed, or stops with what it complained of. */
export async function runProgram(
  program: URL,
  argv: readonly string[],
  { environment = {}, signal }: { environment?: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<string> {
  const child = spawn(process.execPath, ['--disable-sigusr1', fileURLToPath(program), ...argv], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const [out, complaint] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Stop((await complaint).trim() || `${fileURLToPath(program)} ended with ${code}`);
  return out;
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
