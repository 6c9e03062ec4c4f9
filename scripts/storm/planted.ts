import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Attack, Outcome, Trace } from './attack.ts';
import type { Stage } from './stage.ts';

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
      return scan(stage, [core], 'mail-verify', stage.mail.verify, 'mail');
    }),
};

/** Committed once, taken out with the next commit, and in the history for good. */
export const inHistory: Attack = {
  name: 'PIN and credential in a git history',
  play: (stage) =>
    inFolder(async (folder) => {
      commitSecrets(folder, { KEYWARD_CREDENTIAL: stage.consumers.verify, HSM_PIN: stage.service.hsm.pin });
      return scan(stage, ['--git', folder], 'consumers-verify', stage.consumers.verify, 'consumers');
    }),
};

/** The same, in a repository whose own configuration has git run a command of the attacker's wherever it can. */
export const inHostileRepository: Attack = {
  name: 'scan of a hostile repository',
  play: (stage) =>
    inFolder(async (folder) => {
      const [repository, marker] = [join(folder, 'repository'), join(folder, 'marker')];
      const command = `touch ${marker}`;
      commitSecrets(repository, { KEYWARD_CREDENTIAL: stage.mail.sign, HSM_PIN: stage.service.hsm.pin });
      const hooks = join(repository, '.git', 'hooks');
      writeFileSync(join(hooks, 'reference-transaction'), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      for (const key of RUNS_COMMANDS) {
        execFileSync('git', ['config', '--file', join(repository, '.git', 'config'), key, command]);
      }
      const outcome = await scan(stage, ['--git', repository], 'mail-sign', stage.mail.sign, 'mail');
      const ran = existsSync(marker);
      return {
        ...outcome,
        refused: ran ? 'nothing: the scan ran its command' : `its command; ${outcome.refused}`,
        failed: outcome.failed && !ran,
      };
    }),
};

const RUNS_COMMANDS = [
  'core.fsmonitor',
  'core.sshCommand',
  'core.pager',
  'diff.external',
  'filter.lfs.process',
  'uploadpack.packObjectsHook',
];

/** Committed once, and taken out with the next commit. */
function commitSecrets(folder: string, secrets: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  const git = (...argv: string[]) => execFileSync('git', ['-C', folder, ...AS_NOBODY, ...argv]);
  const lines = Object.entries(secrets).map(([name, secret]) => `${name}=${secret}\n`);
  git('init', '-q');
  writeFileSync(join(folder, '.env'), lines.join(''));
  git('add', '.');
  git('commit', '-q', '-m', 'works on my machine');
  rmSync(join(folder, '.env'));
  git('commit', '-q', '-a', '-m', 'remove secrets');
}

const AS_NOBODY = [
  '-c',
  'user.name=nobody',
  '-c',
  'user.email=nobody@localhost',
  '-c',
  'commit.gpgsign=false',
];

const SOUGHT = ['client_credential', 'pin'];

/** What `keyward scan` finds there; the operator who hears of it revokes the client, and its credential opens nothing. */
async function scan(
  { service, raised }: Stage,
  where: readonly string[],
  client: string,
  credential: string,
  scope: string,
): Promise<Outcome> {
  const since = performance.now();
  const asked = ['--url', service.operationsUrl, '--credential-file', join(service.hsm.folder, 'operator')];
  const argv = [COMMAND_LINE, 'scan', ...where, '--report', '--json', ...asked];
  const { code, stdout, stderr } = await run(process.execPath, argv);
  if (code !== FOUND) throw new Error(`keyward scan ended with ${code}: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: readonly { readonly kind: string }[] };
  const kinds = [...new Set(findings.map(({ kind }) => kind))].sort();
  const leaves = [leakOf('pin'), leakOf('client_credential', client)];
  await Promise.all(leaves.map(raised));
  await service.act('POST', `/v1/admin/clients/${client}/revoke`);
  const { body } = await service.data('POST', `/v1/scopes/${scope}/verify`, credential, { token: 'x' });
  return {
    refused: `found by scan: ${kinds.join(', ')}; the credential, once revoked: ${body.code}`,
    failed: SOUGHT.every((kind) => kinds.includes(kind)) && body.code === 'credential_invalid',
    leaves,
    since,
  };
}

function leakOf(kind: string, holder?: string): Trace {
  return ({ type, evidence }) =>
    type === 'credential.leaked' &&
    evidence.leaked === kind &&
    (holder === undefined || String(evidence.holder).endsWith(holder));
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
