import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../scripts/lib/', import.meta.url));

/** A machine with few tools, on which the shell functions of `scripts/lib` run. */
export interface MadeUpMachine {
  readonly folder: string;
  /** Gives it a tool, whose body is `sh`, and which notes each call. */
  tool(name: string, body: string): void;
  /** Every call so far of the tools that were given to it. */
  calls(): string[];
  /** Runs commands with these files of `scripts/lib` sourced; what they say on either stream, in order. */
  run(libraries: readonly string[], commands: string): { code: number | null; output: string };
}

/** One in that folder, with these tools of the real machine. */
export function madeUpMachine(folder: string, realTools: readonly string[]): MadeUpMachine {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const tool of realTools) {
    const path = execFileSync('/bin/sh', ['-c', `command -v ${tool}`])
      .toString()
      .trim();
    symlinkSync(path, join(bin, tool));
  }
  return {
    folder,
    tool(name, body) {
      const script = `#!/bin/sh\necho "${name} $*" >> '${folder}/calls'\n${body}\n`;
      // A real tool of that name is a link, through which the tool itself would be written.
      rmSync(join(bin, name), { force: true });
      writeFileSync(join(bin, name), script, { mode: 0o755 });
    },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n'),
    run(libraries, commands) {
      const sourced = libraries.map((library) => `. '${SCRIPTS}${library}.sh'`);
      const script = [...sourced, commands].join('; ');
      const { status, stdout } = spawnSync('/bin/bash', ['-euo', 'pipefail', '-c', `exec 2>&1; ${script}`], {
        cwd: folder,
        env: { PATH: bin },
        encoding: 'utf8',
        // bash takes a socket there for a remote shell, and then reads the machine's own bashrc.
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { code: status, output: stdout };
    },
  };
}
