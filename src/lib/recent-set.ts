/** Remembers the last so many names; the oldest goes first. */
export class RecentSet {
  readonly #limit: number;
  readonly #names = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    this.#names.add(name);
    dropOldest(this.#names, this.#limit);
  }

  delete(name: string): void {
    this.#names.delete(name);
  }
}

/** Deletes the name that was added first, where there are more than that. */
export function dropOldest(names: Set<string> | Map<string, unknown>, limit: number): void {
  const [oldest] = names.keys();
  if (names.size > limit && oldest !== undefined) names.delete(oldest);
}
