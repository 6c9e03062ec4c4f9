import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CODE_CACHE, COMMAND_LINE } from './service-program.ts';
import { writeSignerFile } from './signer-settings.ts';
import type { SoftHsm } from './softhsm.ts';

/** A real `keyward signer` over a SoftHSM token. */
export interface SignerHost {
  readonly socket: string;
  /** Whom it runs as, by number. */
  readonly user: string;
  readonly file: string;
  readonly process: ChildProcess;
  readonly log: readonly Record<string, unknown>[];
  logged(message: string, times?: number): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
  /** SIGTERM; settles with the exit code. */
  stop(): Promise<number | null>;
  start(): Promise<SignerHost>;
}

interface Running {
  readonly frontUser?: number;
  /** Under this user and group; default: those of the test. For root alone. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined;
  /** Whose group the socket and its folder are; the file is read by that of the signer, as the package has it. */
  readonly clients?: number;
}

/** The token becomes the signer's: its folder, PIN and objects. */
export async function startSignerHost(
  hsm: SoftHsm,
  { frontUser, as, clients }: Running = {},
): Promise<SignerHost> {
  const { file, socket } = writeSignerFile(hsm.settings, hsm.environment, frontUser);
  if (as) {
    spawnSync('chown', ['-R', `${as.uid}:${as.gid}`, hsm.folder]);
    chmodSync(hsm.folder, 0o711);
    chownSync(file, 0, as.gid);
    chmodSync(file, 0o640);
  }
  if (clients !== undefined) {
    chownSync(dirname(socket), as?.uid ?? 0, clients);
    chmodSync(dirname(socket), 0o2750);
  }
  return launch({ socket, file, as });
}

async function launch(
  ground: Pick<SignerHost, 'socket' | 'file'> & Pick<Running, 'as'>,
): Promise<SignerHost> {
  const child = spawn(
    process.execPath,
    ['--disable-sigusr1', COMMAND_LINE, 'signer', '--config', ground.file],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its code is compiled once a run, not at each start.
      env: { PATH: process.env.PATH, ...CODE_CACHE },
      ...ground.as,
    },
  );
  const log: Record<string, unknown>[] = [];
  let said = '';
  let look = () => {};
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  createInterface({ input: child.stdout as Readable }).on('line', (line) => {
    if (line.endsWith('}')) log.push(JSON.parse(line));
    look();
  });
  const gone = once(child, 'close').then(([code]) => {
    look();
    return code as number | null;
  });
  const logged = (message: string, times = 1) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      look = () => {
        const line = log.filter(({ msg }) => msg === message)[times - 1];
        if (line) resolve(line);
        else if (child.exitCode !== null)
          reject(new Error(`the signer ended: ${said}${JSON.stringify(log)}`));
      };
      look();
    });
  await logged('signer listens');
  return {
    ...ground,
    user: String(ground.as?.uid ?? process.getuid?.()),
    process: child,
    log,
    logged,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    stop() {
      child.kill('SIGTERM');
      return gone;
    },
    start: () => launch(ground),
  };
}
