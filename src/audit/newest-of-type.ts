import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import { SharedRun } from '../lib/shared-run.ts';

export type TypedTrail = Pick<AuditLog, 'newestOfType' | 'ofTypeAfter' | 'auditHead'>;

interface WantedEvents<T> {
  readonly type: string;
  /** Kept of them. */
  readonly most: number;
  readonly of: (event: StoredEvent) => T;
}

const PAGE = 100;

/** The newest events of one type, whichever front wrote them: read once, and then what came since. */
export class NewestOfType<T> {
  readonly #trail: TypedTrail;
  readonly #wanted: WantedEvents<T>;
  readonly #refreshes = new SharedRun(() => this.#refresh());
  #list: readonly T[];
  /** The last event of the trail that was looked at. */
  #place: number;

  /** `store_unavailable`. */
  static async open<T>(trail: TypedTrail, wanted: WantedEvents<T>): Promise<NewestOfType<T>> {
    const { sequence } = await trail.auditHead();
    const found = await trail.newestOfType(wanted.type, wanted.most);
    const place = Math.max(sequence, ...found.map((event) => event.sequence));
    return new NewestOfType(trail, wanted, found.map(wanted.of), place);
  }

  private constructor(trail: TypedTrail, wanted: WantedEvents<T>, list: readonly T[], place: number) {
    this.#trail = trail;
    this.#wanted = wanted;
    this.#list = list;
    this.#place = place;
  }

  /** The newest first, as of the last `refresh`. */
  get list(): readonly T[] {
    return this.#list;
  }

  /** `store_unavailable`. */
  refresh(): Promise<void> {
    return this.#refreshes.run();
  }

  async #refresh(): Promise<void> {
    const { type, most, of } = this.#wanted;
    for (let more = true; more; ) {
      const { sequence } = await this.#trail.auditHead();
      const found = await this.#trail.ofTypeAfter(type, this.#place, PAGE);
      more = found.length === PAGE;
      this.#list = [...found.toReversed().map(of), ...this.#list].slice(0, most);
      this.#place = found.at(-1)?.sequence ?? this.#place;
      if (!more) this.#place = Math.max(this.#place, sequence);
    }
  }
}
