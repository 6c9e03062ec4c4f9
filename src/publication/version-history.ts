const KEPT = 16;

/** When the last few versions of a key set came up, or were first held. Versions only grow, from 1. */
export class VersionHistory {
  #changes: { readonly version: number; readonly atMs: number }[] = [];

  /** 0 where there was none. */
  get latest(): number {
    return this.#changes.at(-1)?.version ?? 0;
  }

  /** When the latest came; 0 where there was none. */
  get latestAtMs(): number {
    return this.#changes.at(-1)?.atMs ?? 0;
  }

  /** False where that version, or a later one, is there already. */
  add(version: number, atMs: number): boolean {
    if (version <= this.latest) return false;
    this.#changes.push({ version, atMs });
    if (this.#changes.length > KEPT) this.#changes.shift();
    return true;
  }

  /** When the version or a later one came; of what is forgotten, undefined. */
  firstAtLeast(version: number): number | undefined {
    const at = this.#changes.findIndex((change) => change.version >= version);
    return at === 0 && this.#changes.length === KEPT ? undefined : this.#changes[at]?.atMs;
  }
}
