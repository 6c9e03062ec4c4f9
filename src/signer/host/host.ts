import { createServer, type Socket } from 'node:net';
import { errorMessage } from '../../lib/text.ts';
import { forkProcess } from '../link/fork-process.ts';
import { type Peer, peerOf } from '../peer.ts';
import { PROCESS_FILE } from '../signer-link.ts';
import { FrameReader, frameOf, LARGEST_FRAME, readFrames } from '../wire/frames.ts';
import { greetingIn, WIRE_VERSION } from '../wire/from-front.ts';
import { BoundedLog, type HostLog } from './bounded-log.ts';
import { frontUserId } from './front-user.ts';
import { Pace } from './pace.ts';
import { dismiss, Session } from './session.ts';
import type { HostSettings } from './settings.ts';
import { listenAt } from './socket.ts';
import { withoutPaths } from './without-paths.ts';

export type { HostLog } from './bounded-log.ts';

interface HostOptions {
  readonly settings: HostSettings;
  readonly log: HostLog;
  readonly processFile?: URL;
  /** Tests wait for less. */
  readonly openingMs?: number;
  /** Tests start more. */
  readonly starts?: typeof STARTS;
}

export interface Host {
  /** Ends all processes and gives the socket up. */
  close(): Promise<void>;
}

/** Connections that have not said who they are. */
const MOST_STRANGERS = 16;
const GREETING_MS = 5_000;
const LARGEST_GREETING = 1_024;
/** Of processes, for each token. A front whose HSM is away starts one in a second, after some that come faster. */
const STARTS = { most: 8, everyMs: 500 };

/**
 * A signer that runs by itself (decision 0130): it lets one front in for each HSM token, and starts the processes that
 * it asks for. This process reads what the front sends; it loads no module and reads no PIN.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { settings, processFile = PROCESS_FILE, openingMs, starts = STARTS } = options;
  const lines = new BoundedLog(options.log);
  const log = lines.write;
  const frontUid = await frontUserId(settings);
  const outward = withoutPaths(settings);
  const sessions = new Map<string, Session>();
  const paces = new Map([...settings.tokens.keys()].map((name) => [name, new Pace(starts)]));
  const strangers = new Set<Socket>();
  let closing = false;

  const server = createServer({ pauseOnConnect: true }, (socket) => {
    // Its end is seen by 'close'.
    socket.on('error', () => {});
    if (closing || strangers.size >= MOST_STRANGERS) return void socket.destroy();
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    receive(socket)
      .catch((error: unknown) => {
        log('error', 'a connection was refused', { error: errorMessage(error) });
        dismiss(socket, 'the signer cannot tell who it is');
      })
      .finally(() => strangers.delete(socket));
  });

  async function receive(socket: Socket): Promise<void> {
    const peer = await peerOf(socket);
    if (peer.uid !== frontUid) {
      log('warn', 'a connection was refused: it is not of front_user', { ...peer, front: frontUid });
      return dismiss(socket, `user ${peer.uid} is not the one that front_user names`);
    }
    const reader = new FrameReader(() => {}, LARGEST_GREETING);
    socket.write(frameOf({ hello: WIRE_VERSION }));
    const hsmToken = await greeting(socket, reader);
    if (hsmToken === undefined) return dismiss(socket, 'this is no greeting of a front');
    await formerSession(hsmToken);
    // Of those that waited, the first is let in: nothing may come between this look and `admit`.
    const refusal = refusalOf(hsmToken);
    if (refusal === undefined) return admit(socket, reader, peer, hsmToken);
    log('warn', 'a front was refused', { ...peer, hsm_token: hsmToken, why: refusal });
    dismiss(socket, refusal);
  }

  /** Of one that has just died, the processes are waited for. */
  async function formerSession(hsmToken: string): Promise<void> {
    for (let other = sessions.get(hsmToken); other?.isOver; other = sessions.get(hsmToken)) await other.ended;
  }

  function refusalOf(hsmToken: string): string | undefined {
    if (!settings.tokens.has(hsmToken)) return `it has no HSM token ${hsmToken}`;
    if (closing) return 'it is stopping';
    const other = sessions.get(hsmToken);
    return other && `another front is connected, process ${other.peer.pid}`;
  }

  function admit(socket: Socket, reader: FrameReader, peer: Peer, hsmToken: string): void {
    const token = settings.tokens.get(hsmToken);
    if (!token || socket.destroyed) return;
    const start = forkProcess({
      processFile,
      argv: [settings.file, hsmToken],
      environment: token.environment,
    });
    log('info', 'front connected', { ...peer, hsm_token: hsmToken });
    const session = new Session({
      socket,
      peer,
      outward,
      openingMs,
      startProcess: (asked, events) => start(Math.min(asked, token.sessions), events),
      mayStart: () => paces.get(hsmToken)?.take() ?? false,
      log: (level, message, details, bound) =>
        log(
          level,
          message,
          { ...details, hsm_token: hsmToken },
          { ...bound, of: `${hsmToken} ${bound?.of ?? message}` },
        ),
    });
    sessions.set(hsmToken, session);
    void session.ended.then(() => sessions.get(hsmToken) === session && sessions.delete(hsmToken));
    reader.limit = LARGEST_FRAME;
    reader.onMessage = (message, bytes) => session.hear(message, bytes);
    readFrames(socket, reader, (why) => session.end(`the front sent ${why}`));
    socket.resume();
  }

  const giveUp = await listenAt(server, settings.socket);
  return {
    async close() {
      closing = true;
      server.close();
      for (const socket of strangers) socket.destroy();
      for (const session of sessions.values()) session.end('the signer is stopping');
      await Promise.all([...sessions.values()].map(({ ended }) => ended));
      giveUp();
      lines.flush();
    },
  };
}

/** The HSM token that it asks for; undefined where it says something else, or nothing in time. */
function greeting(socket: Socket, reader: FrameReader): Promise<string | undefined> {
  return new Promise((resolve) => {
    const settle = (hsmToken?: string) => {
      clearTimeout(deadline);
      socket.pause();
      socket.off('data', take);
      resolve(hsmToken);
    };
    const deadline = setTimeout(settle, GREETING_MS);
    socket.once('close', () => settle());
    reader.onMessage = (message) => settle(greetingIn(message));
    const take = readFrames(socket, reader, () => settle());
    socket.resume();
  });
}
