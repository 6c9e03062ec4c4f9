import { z } from 'zod';
import { demand } from '../guard.ts';
import type { StateFile } from './state-file.ts';

/** The newest version of each scope's key set that this signer signed, by the scope's id. */
export const keySetVersionsSchema = z.record(z.string(), z.int().min(1));

export type Versions = z.infer<typeof keySetVersionsSchema>;

/** Key sets go upward alone: a front gone bad cannot have a withdrawn key published again under an old version. */
export class KeySetVersions {
  readonly #file: StateFile<Versions>;

  constructor(file: StateFile<Versions>) {
    this.#file = file;
  }

  /** The newest itself is signed anew as often as it is asked for. */
  requireNotOlder(scope: string, version: number): void {
    demand(version >= this.#newestOf(scope), 'the version of the key set is older than the last one signed');
  }

  keep(scope: string, version: number): void {
    if (version <= this.#newestOf(scope)) return;
    this.#file.change((now = {}) => ({ ...now, [scope]: version }));
  }

  #newestOf(scope: string): number {
    const versions = this.#file.read() ?? {};
    return Object.hasOwn(versions, scope) ? (versions[scope] ?? 0) : 0;
  }
}
