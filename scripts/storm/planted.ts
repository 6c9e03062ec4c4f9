import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Attack, Outcome } from './attack.ts';
import type { Stage, StagedEvent } from './stage.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** What a scan that found something ends with. */
const FOUND = 1;

/** A process that had read both ended badly, and its memory lies about. */
export const inCore: Attack = {
  name: 'PIN and credential in a core file',
  play: (stage) =>
    inFolder(async (folder) => {
      const core = join(folder, 'core.4711');
      writeFileSync(core, await memoryOfReader(stage.service.hsm.settings.pinFile, stage.mail.verify));
      return scan(stage, [core], ['client_credential', 'pin'], ({ evidence }) => evidence.leaked === 'pin');
    }),
};

/** Committed once, taken out with the next commit, and in the history for good. */
export const inHistory: Attack = {
  name: 'credential in a git history',
  play: (stage) =>
    inFolder(async (folder) => {
      const git = (...argv: string[]) => execFileSync('git', ['-C', folder, ...AS_NOBODY, ...argv]);
      git('init', '-q');
      writeFileSync(join(folder, '.env'), `KEYWARD_CREDENTIAL=${stage.consumers.verify}\n`);
      git('add', '.');
      git('commit', '-q', '-m', 'works on my machine');
      rmSync(join(folder, '.env'));
      git('commit', '-q', '-a', '-m', 'remove secrets');
      const holder = `client:${stage.consumers.id}-verify`;
      const leaves = ({ evidence }: StagedEvent) => evidence.holder === holder;
      return scan(stage, ['--git', folder], ['client_credential'], leaves);
    }),
};

const AS_NOBODY = [
  '-c',
  'user.name=nobody',
  '-c',
  'user.email=nobody@localhost',
  '-c',
  'commit.gpgsign=false',
];

/** What `keyward scan` finds and the service makes of it; what is not refused here is overlooked. */
async function scan(
  { service }: Stage,
  where: readonly string[],
  sought: readonly string[],
  leaves: Outcome['leaves'],
): Promise<Outcome> {
  const since = performance.now();
  const asked = ['--url', service.operationsUrl, '--credential-file', join(service.hsm.folder, 'operator')];
  const argv = [COMMAND_LINE, 'scan', ...where, '--report', '--json', ...asked];
  const { code, stdout, stderr } = await run(process.execPath, argv);
  if (code !== FOUND) throw new Error(`keyward scan ended with ${code}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: readonly { readonly kind: string }[] };
  const kinds = [...new Set(findings.map(({ kind }) => kind))].sort();
  return {
    refused: `found by scan: ${kinds.join(', ')}`,
    failed: sought.every((kind) => kinds.includes(kind)),
    leaves: (event) => event.type === 'credential.leaked' && leaves(event),
    since,
  };
}

function run(file: string, argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(file, argv, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function inFolder(work: (path: string) => Promise<Outcome>): Promise<Outcome> {
  const { path, remove } = temporaryFolder();
  try {
    return await work(path);
  } finally {
    remove();
  }
}

/** All that a shell could write to when it had read the PIN file and a credential: what a core dump of it holds. */
async function memoryOfReader(pinFile: string, credential: string): Promise<Buffer> {
  const shell = spawn('sh', [
    '-c',
    'read -r pin < "$1"; read -r credential; echo ready; read -r end',
    'sh',
    pinFile,
  ]);
  try {
    shell.stdin.write(`${credential}\n`);
    await once(shell.stdout, 'data');
    return writableMemory(shell);
  } finally {
    shell.kill('SIGKILL');
  }
}

function writableMemory({ pid }: ChildProcess): Buffer {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
      /^([0-9a-f]+)-([0-9a-f]+) rw.. (?!.*\[v)/gm,
    );
    const parts = Array.from(maps, ([, from = '', until = '']) => {
      const start = Number.parseInt(from, 16);
      const part = Buffer.alloc(Number.parseInt(until, 16) - start);
      return part.subarray(0, readSync(memory, part, 0, part.length, start));
    });
    return Buffer.concat(parts);
  } finally {
    closeSync(memory);
  }
}
