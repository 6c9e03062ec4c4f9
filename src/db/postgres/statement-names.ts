/** Names for statements that a server keeps prepared, so many at a time; those not used for longest go first. */
export class StatementNames {
  readonly #limit: number;
  readonly #names = new Map<string, string>();
  #given = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The name for that text, and the one that the server is to forget before it learns this. */
  nameOf(text: string): { readonly name: string; readonly forgotten?: string } {
    const known = this.#names.get(text);
    if (known !== undefined) {
      this.#names.delete(text);
      this.#names.set(text, known);
      return { name: known };
    }
    const forgotten = this.#names.size < this.#limit ? undefined : this.#dropOldest();
    this.#given += 1;
    const name = `keyward_${this.#given}`;
    this.#names.set(text, name);
    return forgotten === undefined ? { name } : { name, forgotten };
  }

  #dropOldest(): string | undefined {
    for (const [text, name] of this.#names) {
      this.#names.delete(text);
      return name;
    }
    return undefined;
  }
}
