/** One piece of work after another: each decides by what the one before it left. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // The failure belongs to whoever asked; the next turn comes all the same.
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Turns of their own for each HSM token, so that nobody waits for one that hangs but those it concerns. */
export class TokenTurns {
  readonly #turns = new Map<string, Turns>();

  of(hsmToken: string): Turns {
    const known = this.#turns.get(hsmToken);
    if (known) return known;
    const turns = new Turns();
    this.#turns.set(hsmToken, turns);
    return turns;
  }
}
