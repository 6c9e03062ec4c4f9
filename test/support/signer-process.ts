import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Failure, LogLine, Operation, Operations, Reply } from '../../src/signer/protocol.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { SIGNER_PROCESS } from './service-program.ts';
import { writeSettings } from './signer-settings.ts';

/** The signer answered with a failure, or ended before it answered. */
export class SignerFailure extends Error {
  override readonly name = 'SignerFailure';
  readonly failure: Failure | null;

  constructor(what: string, failure: Failure | null) {
    super(failure ? `${what}: ${failure.code}: ${failure.message}` : what);
    this.failure = failure;
  }
}

/** The real signer process, asked as the front asks it, but with nothing in between. */
export interface SignerProcess {
  readonly child: ChildProcess;
  readonly logs: readonly LogLine[];
  ask<K extends Operation>(op: K, takes: Operations[K]['takes']): Promise<Operations[K]['gives']>;
  /** The failure that the request must end with. */
  failing<K extends Operation>(op: K, takes: Operations[K]['takes']): Promise<Failure | null>;
  readonly opening: Operations['open']['takes'];
  open(): Promise<Operations['open']['gives']>;
  /** As when the front goes away. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly op: Operation;
  readonly resolve: (gives: unknown) => void;
  readonly reject: (error: SignerFailure) => void;
}

/** Started with the settings in a file, as whoever runs it does: no message names any of them. */
export function startSigner(
  environment: Readonly<Record<string, string>>,
  settings: SignerSettings,
  execArgv: readonly string[] = [],
): SignerProcess {
  const child = fork(SIGNER_PROCESS, writeSettings(settings), {
    serialization: 'advanced',
    execArgv: [...execArgv],
    env: { ...environment, UV_THREADPOOL_SIZE: '8' },
  });
  const waiting = new Map<number, Waiting>();
  const logs: LogLine[] = [];
  let asked = 0;

  child.on('message', (message: Reply | LogLine) => {
    if ('log' in message) return void logs.push(message);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if ('failure' in message) call?.reject(new SignerFailure(call.op, message.failure));
    else call?.resolve(message.gives);
  });
  child.on('exit', (code, signal) => {
    for (const { op, reject } of waiting.values()) {
      reject(new SignerFailure(`${op}: the signer ended with ${signal ?? code}`, null));
    }
    waiting.clear();
  });

  const ask = <K extends Operation>(op: K, takes: Operations[K]['takes']) =>
    new Promise<Operations[K]['gives']>((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { op, resolve: (gives) => resolve(gives as Operations[K]['gives']), reject });
      child.send({ id, op, takes }, (error) => error && reject(error));
    });

  const failing = async <K extends Operation>(op: K, takes: Operations[K]['takes']) => {
    const outcome = await ask(op, takes).then(
      () => new Error(`${op} did not fail`),
      (error: unknown) => error,
    );
    if (outcome instanceof SignerFailure) return outcome.failure;
    throw outcome;
  };

  const opening = { sessions: settings.sessions, otherBindingKeys: [] };
  return { child, logs, ask, failing, opening, open: () => ask('open', opening), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}
