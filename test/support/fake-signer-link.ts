import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyReference } from '../../src/kernel/signer.ts';
import { systemTimers, type Timers } from '../../src/signer/link/timers.ts';
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

/** A link over the process that misbehaves on command, with everything it told. */
export class FakeSetup {
  readonly token = mkdtempSync(join(tmpdir(), 'keyward-link-'));
  readonly timers = new HandTimers();
  readonly events: SignerEvent[] = [];
  readonly link: SignerLink;
  #watchers: (() => void)[] = [];

  constructor(changes: Partial<SignerLinkOptions> = {}) {
    this.link = createSignerLink({
      settingsFile: this.token,
      hsmToken: 'primary',
      opening: { sessions: 3, otherBindingKeys: [] },
      environment: { GREETING: 'hello' },
      deadlines: DEADLINES,
      queueLimit: 1_000,
      processFile: new URL('./fake-signer-process.ts', import.meta.url),
      backoff: { first: 1, max: 4 },
      timers: this.timers,
      onEvent: (event) => this.#tell(event),
      ...changes,
    });
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
    rmSync(this.token, { recursive: true, force: true });
  }

  #tell(event: SignerEvent): void {
    this.events.push(event);
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
  return kids.map((kid) => ({ kid, hsmId: '00', bindingRecord: 'record' }));
}
