import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyReference } from '../../src/kernel/signer.ts';
import { type Host, startHost } from '../../src/signer/host/host.ts';
import { systemTimers, type Timers } from '../../src/signer/link/timers.ts';
import type { LogLine } from '../../src/signer/protocol.ts';
import {
  createSignerLink,
  type SignerEvent,
  type SignerLink,
  type SignerLinkOptions,
} from '../../src/signer/signer-link.ts';

/** Deadlines that no test waits for: they pass when `pass` says so. */
export const DEADLINES = { signMs: 601_000, generateMs: 602_000, openMs: 603_000 };

/** The system's timers, and a hand on the clock: `pass` lets those of one length run out now. */
export class HandTimers implements Timers {
  readonly #pending = new Set<{ ms: number; run: () => void }>();

  nowMs(): number {
    return systemTimers.nowMs();
  }

  after(ms: number, run: () => void): () => void {
    const timer = { ms, run };
    const cancel = systemTimers.after(ms, () => {
      this.#pending.delete(timer);
      run();
    });
    this.#pending.add(timer);
    return () => {
      this.#pending.delete(timer);
      cancel();
    };
  }

  pending(ms: number): number {
    return [...this.#pending].filter((timer) => timer.ms === ms).length;
  }

  pass(ms: number): void {
    for (const timer of [...this.#pending].filter((each) => each.ms === ms)) {
      this.#pending.delete(timer);
      timer.run();
    }
  }
}

const ENVIRONMENT = { GREETING: 'hello' };
const PROCESS_FILE = new URL('./fake-signer-process.ts', import.meta.url);

/** A link over the process that misbehaves on command, with everything it told. */
export class FakeSetup {
  readonly token = mkdtempSync(join(tmpdir(), 'keyward-link-'));
  readonly timers = new HandTimers();
  readonly events: SignerEvent[] = [];
  /** What the processes logged and their modules printed, wherever that is logged. */
  readonly lines: Pick<LogLine, 'log' | 'message'>[] = [];
  readonly link: SignerLink;
  #host: Host | undefined;
  #watchers: (() => void)[] = [];

  /** With children of this process, or with a signer that runs by itself. */
  static async make(changes: Partial<SignerLinkOptions>, isRemote: boolean): Promise<FakeSetup> {
    const setup = new FakeSetup(changes, isRemote);
    if (isRemote) await setup.startHost();
    return setup;
  }

  private constructor(changes: Partial<SignerLinkOptions>, isRemote: boolean) {
    const user = String(process.getuid?.());
    this.link = createSignerLink({
      ...(isRemote ? { remote: { socket: this.#socket, user } } : {}),
      settingsFile: this.token,
      hsmToken: 'primary',
      opening: { sessions: 3, otherBindingKeys: [] },
      environment: ENVIRONMENT,
      deadlines: DEADLINES,
      queueLimit: 1_000,
      processFile: PROCESS_FILE,
      backoff: { first: 1, max: 4 },
      timers: this.timers,
      onEvent: (event) => this.#tell(event),
      ...changes,
    });
  }

  get #socket(): string {
    return join(this.token, 'signer.sock');
  }

  /** Beside this one, with the process that misbehaves. */
  async startHost(changes: Partial<Parameters<typeof startHost>[0]> = {}): Promise<void> {
    const files = {
      module: '/no/m.so',
      pin_file: '/no/pin',
      latch_file: '/no/latch',
      state_dir: '/no/state',
    };
    const primary = {
      ...files,
      token_label: 'fake',
      token_serial: '1',
      sessions: 3,
      environment: ENVIRONMENT,
      allow_software: false,
      clock_skew_seconds: 300,
      deadline_ms: 1_000,
      generate_deadline_ms: 1_000,
    };
    this.#host = await startHost({
      settings: {
        file: this.token,
        mode: 'development',
        socket: this.#socket,
        frontUser: String(process.getuid?.()),
        tokens: new Map([['primary', primary]]),
        unnamed: [],
      },
      log: (log, message) => void this.lines.push({ log, message }),
      processFile: PROCESS_FILE,
      openingMs: 300,
      starts: { most: 1_000, everyMs: 1 },
      ...changes,
    });
  }

  async stopHost(): Promise<void> {
    await this.#host?.close();
    this.#host = undefined;
  }

  /** Puts a file into the token's folder, or takes it away. */
  put(name: string, content = ''): void {
    writeFileSync(join(this.token, name), content);
  }

  remove(name: string): void {
    rmSync(join(this.token, name));
  }

  /** What every process was asked, in order, without process ids. */
  asked(): string[] {
    return this.#lines().map((line) => line.slice(line.indexOf(' ') + 1));
  }

  /** How many processes were ever opened. */
  processes(): number {
    return new Set(this.#lines().map((line) => line.split(' ')[0])).size;
  }

  of<T extends SignerEvent['type']>(type: T): Extract<SignerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SignerEvent, { type: T }> => event.type === type);
  }

  pid(): number {
    return this.of('ready').at(-1)?.pid ?? 0;
  }

  /** Settles when so many events of the type have been told. */
  async until(type: SignerEvent['type'], count = 1): Promise<void> {
    while (this.of(type).length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async close(): Promise<void> {
    await this.link.stop();
    await this.#host?.close();
    rmSync(this.token, { recursive: true, force: true });
  }

  #tell(event: SignerEvent): void {
    this.events.push(event);
    if (event.type === 'log') this.lines.push(event);
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const resolve of watchers) resolve();
  }

  #lines(): string[] {
    const journal = join(this.token, 'journal');
    return existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : [];
  }
}

export function keys(...kids: string[]): KeyReference[] {
  return kids.map((kid) => ({ kid, hsmId: kid, bindingRecord: 'record' }));
}
