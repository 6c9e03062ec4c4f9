/** So long it was free before a front takes it that is not fit: one that is may be there. */
const FREE_MS = 3_000;
/** Whoever leads and is not fit offers it again that often: another front may be fit by now. */
const OFFERED_MS = 60_000;

interface Seen {
  /** When the database was asked. */
  readonly at: number;
  /** Whether this front has the lock. */
  readonly leads: boolean;
  /** Whether no front has it. */
  readonly isFree: boolean;
  readonly others: number;
}

/**
 * Whether this front leads, by what each look at the database shows: one that is fit, where any is. Times are of
 * `performance.now()`.
 */
export class Lead {
  /** From then on it leads; undefined while another does. */
  #from: number | undefined;
  #freeSince: number | undefined;
  /** When it was last there for another to take, since this one is not fit. */
  #offeredAt: number | undefined;
  #others = 0;
  #isFit = () => true;

  /** Whether this front can do what the one that leads has to; asked at any time. */
  leadIf(isFit: () => boolean): void {
    this.#isFit = isFit;
  }

  isHeld(now: number): boolean {
    return this.#from !== undefined && now >= this.#from && !this.#isToOffer(now);
  }

  /** Whether to take the lock if it is free. */
  isWanted(now: number): boolean {
    const isLeft = this.#freeSince !== undefined && now - this.#freeSince >= FREE_MS;
    return isLeft || this.#others === 0 || this.#isFit();
  }

  /** Whether the lock is to be given back. */
  see({ at, leads, isFree, others }: Seen): boolean {
    this.#others = others;
    if (this.#isFit()) this.#offeredAt = undefined;
    if (!leads) {
      this.#from = undefined;
      this.#freeSince = isFree ? (this.#freeSince ?? at) : undefined;
      return false;
    }
    if (this.#freeSince !== undefined && !this.#isFit()) this.#offeredAt = at;
    this.#freeSince = undefined;
    return this.#isToOffer(at);
  }

  take(from: number): void {
    this.#from = from;
  }

  get isTaken(): boolean {
    return this.#from !== undefined;
  }

  /** Before the lock is given back. */
  offer(now: number): void {
    this.#from = undefined;
    this.#offeredAt = now;
    this.#freeSince = now;
  }

  #isToOffer(now: number): boolean {
    const isDue = this.#offeredAt === undefined || now - this.#offeredAt >= OFFERED_MS;
    return isDue && this.#others > 0 && !this.#isFit();
  }
}
