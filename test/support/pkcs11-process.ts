import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('pkcs11-child.ts', import.meta.url));

/** A PKCS#11 call that failed: with the module's return value, or null where the process died of it. */
export class Pkcs11CallError extends Error {
  override readonly name = 'Pkcs11CallError';
  readonly ckr: number | null;

  constructor(message: string, ckr: number | null) {
    super(message);
    this.ckr = ckr;
  }
}

/** pkcs11js in a process of its own. */
export interface Pkcs11Process {
  /** Any method of pkcs11js's `PKCS11` by name; handles are Buffers. */
  call<T = unknown>(name: string, ...takes: unknown[]): Promise<T>;
  readonly pid: number;
  /** Kills it, whatever it is doing. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly name: string;
  resolve(gives: unknown): void;
  reject(error: Error): void;
}

interface Reply {
  readonly id: number;
  readonly gives?: unknown;
  readonly failure?: { readonly code: number | null; readonly message: string };
}

/** Starts it and loads the module. */
export async function startPkcs11(
  modulePath: string,
  environment: Readonly<Record<string, string>>,
): Promise<Pkcs11Process> {
  const child = fork(CHILD, { serialization: 'advanced', execArgv: [], env: { ...environment } });
  const waiting = new Map<number, Waiting>();
  let calls = 0;

  child.on('message', ({ id, gives, failure }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (failure) call?.reject(new Pkcs11CallError(failure.message, failure.code));
    else call?.resolve(gives);
  });
  child.on('exit', (code, signal) => {
    for (const call of waiting.values()) {
      call.reject(new Pkcs11CallError(`${call.name}: process ended with ${signal ?? code}`, null));
    }
    waiting.clear();
  });

  const call = <T>(name: string, ...takes: unknown[]) =>
    new Promise<T>((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { name, resolve: (gives) => resolve(gives as T), reject });
      child.send({ id, name, takes }, (error) => error && reject(error));
    });

  await call('load', modulePath);
  return { call, pid: child.pid ?? 0, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
