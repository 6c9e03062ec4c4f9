import type { Place } from './kinds.ts';

/** Of one secret: it may stand a million times in one file. */
const PLACES = 20;

export interface Candidate<S> {
  readonly sight: S;
  readonly places: readonly Place[];
}

/** What the service is to be asked about, each once, up to a limit. */
export class Candidates<S> {
  readonly #limit: number;
  readonly #byName = new Map<string, { sight: S; places: Place[] }>();
  #full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `full` when it is the first that found no room. */
  put(name: string, sight: S, place: Place): 'put' | 'full' | 'dropped' {
    const known = this.#byName.get(name);
    if (known) {
      if (known.places.length < PLACES) known.places.push(place);
      return 'put';
    }
    if (this.#byName.size < this.#limit) {
      this.#byName.set(name, { sight, places: [place] });
      return 'put';
    }
    if (this.#full) return 'dropped';
    this.#full = true;
    return 'full';
  }

  /** Each with its first places. */
  list(): readonly (Candidate<S> & { readonly name: string })[] {
    return Array.from(this.#byName, ([name, candidate]) => ({ name, ...candidate }));
  }
}
