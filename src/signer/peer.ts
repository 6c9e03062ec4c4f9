import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { KeywardError } from '../kernel/errors.ts';

/** Who opened the other end of a Unix socket, by the kernel's word: the user at `connect`, or at `listen`. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** Part of every Debian, and no shell. By its whole path and without an environment: nobody chooses another. */
const PERL = '/usr/bin/perl';
/** `getsockopt(3, SOL_SOCKET, SO_PEERCRED)`: a `struct ucred`. Node has no call for it. */
const ASK =
  'open(my $s, "<&=", 3) or exit 1; my $c = getsockopt($s, 1, 17) or exit 1; print join(" ", unpack("lLL", $c))';
const ANSWER = /^(\d+) (\d+) \d+$/;
const DEADLINE_MS = 5_000;

/**
 * Asks the kernel who is at the other end (SO_PEERCRED, decision 0130). `hsm_unavailable` where it cannot be told. The
 * socket is not read meanwhile; `resume` lets it go on.
 */
export function peerOf(socket: Socket): Promise<Peer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(
        new KeywardError('hsm_unavailable', `who is at the other end of the socket is unknown: ${why}`, {
          cause,
        }),
      );
    // Not as one of the first three: of those, libuv makes the shared description blocking.
    const child = spawn(PERL, ['-e', ASK], {
      stdio: ['ignore', 'pipe', 'ignore', socket],
      env: {},
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ENOENT' ? `${PERL} is needed` : error.message, error),
    );
    child.once('close', () => {
      const [, pid, uid] = ANSWER.exec(said) ?? [];
      if (pid === undefined || uid === undefined) fail('the kernel did not say');
      else resolve({ pid: Number(pid), uid: Number(uid) });
    });
  });
}
