import { fork } from 'node:child_process';
import { eachLine } from './messages.ts';
import type { StartProcess } from './process-handle.ts';

interface Forking {
  readonly processFile: URL;
  /** The process's arguments. */
  readonly argv: readonly string[];
  /** Its whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Processes of the signer as children of this one. */
export function forkProcess({ processFile, argv, environment }: Forking): StartProcess {
  return (sessions, events) => {
    const child = fork(processFile, argv, {
      serialization: 'advanced',
      execArgv: ['--disable-sigusr1'],
      env: { ...environment, UV_THREADPOOL_SIZE: String(sessions + 4) },
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
