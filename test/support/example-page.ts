import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RunningService } from './running-service.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const exampleFolder = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** What the command prints; throws with what it complained of where it fails. */
export async function ran(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${error}`);
  return out;
}

export interface PageRun {
  readonly example: string;
  /** Lines of the page that begin with one of these are run, in their order. */
  readonly starts: readonly string[];
  readonly service: RunningService;
  /** Where the example was copied to, and the lines write to. */
  readonly folder: string;
  /** Words of the page, and what stands for them here. */
  readonly words: Readonly<Record<string, string>>;
}

/** Runs the commands of an example's page, for this service and in that folder. */
export async function runPage({ example, starts, service, folder, words }: PageRun): Promise<void> {
  const call = [process.execPath, CLI, '--config', service.configFile, '--url', service.operationsUrl];
  const credential = ['--credential-file', join(service.hsm.folder, 'operator')];
  const keyward = [...call, ...credential].map(quoted).join(' ');
  let lines = readFileSync(join(exampleFolder(example), 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => starts.some((start) => line.startsWith(start)))
    .join('\n')
    .replaceAll('./scripts/keyward', 'keyward')
    .replaceAll(`examples/${example}`, quoted(folder));
  for (const [word, here] of Object.entries(words)) lines = lines.replaceAll(word, quoted(here));
  await ran(folder, 'bash', ['-euc', `keyward() { ${keyward} "$@"; }\n${lines}`]);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
