import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '../../lib/node-flags.ts';
import { eachLine } from './messages.ts';
import type { StartProcess } from './process-handle.ts';

interface Forking {
  readonly processFile: URL;
  /** The process's arguments. */
  readonly argv: readonly string[];
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A process that replaces another is waited for, and reading the sources anew is most of its start. The cache lies beside
 * the dependencies: who can write there can write those too.
 */
const COMPILE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/keyward-signer', import.meta.url));

/** Processes of the signer as children of this one. */
export function forkProcess({ processFile, argv, environment }: Forking): StartProcess {
  return (sessions, events) => {
    const child = fork(processFile, argv, {
      serialization: 'advanced',
      execArgv: [...NODE_FLAGS],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment, UV_THREADPOOL_SIZE: String(sessions + 4) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) if (stream) eachLine(stream, events.printed);
    child.on('message', events.said);
    child.once('disconnect', events.closed);
    child.once('exit', (code, signal) => {
      events.exited(signal ? `killed by ${signal}` : `exited with code ${code}`);
    });
    child.on('error', ({ message }) => {
      events.broken(message);
      if (child.pid === undefined) events.exited(message);
    });
    return {
      pid: child.pid,
      send(request) {
        // Without a process there is no channel to send on, and 'error' follows with the cause, such as EMFILE.
        if (child.pid === undefined) return;
        child.send(request, (error) => error && events.broken(`message not delivered: ${error.message}`));
      },
      leave() {
        if (child.connected) child.disconnect();
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
}
