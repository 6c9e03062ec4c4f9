import type { AuditSink, SinkChange, SinkEntry, SinkTail } from '../../src/audit/sink-line.ts';

/** A sink that a test can have fail, or hang. */
export class MemorySink implements AuditSink {
  readonly name: string;
  readonly entries: SinkEntry[] = [];
  mode: 'works' | 'fails' | 'hangs' = 'works';
  resets = 0;
  /** What the next look finds. */
  change: SinkChange | undefined;
  #hanging: (() => void)[] = [];

  constructor(name = 'memory') {
    this.name = name;
  }

  async tail(): Promise<SinkTail> {
    return { event: undefined, checkpoint: undefined };
  }

  history(): Iterable<SinkEntry> {
    return this.entries;
  }

  async examine(): Promise<SinkChange | undefined> {
    const { change } = this;
    this.change = undefined;
    return change;
  }

  async write(entries: readonly SinkEntry[]): Promise<void> {
    if (this.mode === 'fails') throw new Error('disk full');
    if (this.mode === 'hangs') await new Promise<void>((resolve) => this.#hanging.push(resolve));
    this.entries.push(...entries);
  }

  reset(): void {
    this.resets += 1;
  }

  /** What hung goes through after all. */
  release(): void {
    this.mode = 'works';
    for (const resolve of this.#hanging.splice(0)) resolve();
  }
}
