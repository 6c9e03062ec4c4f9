import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SoftHsm } from '../../test/support/softhsm.ts';
import { passingFolder } from './passing-folder.ts';

const SOURCE = fileURLToPath(new URL('./pkcs11-loop.c', import.meta.url));
const run = promisify(execFile);

/** The path of the program, which is there as long as this process. */
export async function compileLoop(): Promise<string> {
  const program = join(passingFolder(), 'pkcs11-loop');
  await run('gcc', ['-std=c11', '-O2', '-o', program, SOURCE, '-ldl', '-pthread']);
  return program;
}

/** Signatures a second. */
export async function runLoop(
  program: string,
  { settings, environment }: SoftHsm,
  load: { hsmId: string; algorithm: string; threads: number; seconds: number },
): Promise<number> {
  const { modulePath, tokenLabel, pinFile } = settings;
  const { hsmId, algorithm, threads, seconds } = load;
  const argv = [modulePath, tokenLabel, pinFile, hsmId, algorithm, String(threads), String(seconds)];
  const { stdout } = await run(program, argv, { env: environment });
  return Math.round(JSON.parse(stdout).per_second);
}
