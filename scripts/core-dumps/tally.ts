import { finderOf } from './find-forms.ts';
import type { Needle } from './needles.ts';

/** In how many images each form of each needle stood. */
export class Tally {
  readonly #find: (image: readonly Buffer[]) => ReadonlySet<Buffer>;
  readonly #counts = new Map<Buffer, number>();
  #images = 0;

  constructor(needles: readonly Needle[]) {
    this.#find = finderOf(needles.flatMap(({ forms }) => Object.values(forms)));
  }

  look(image: readonly Buffer[]): void {
    this.#images += 1;
    for (const form of this.#find(image)) this.#counts.set(form, (this.#counts.get(form) ?? 0) + 1);
  }

  /** The forms of these that any image had, with the number of images. */
  found(needles: readonly Needle[]): ReadonlyMap<string, number> {
    const most = new Map<string, number>();
    for (const { forms } of needles) {
      for (const [form, bytes] of Object.entries(forms)) {
        const count = this.#counts.get(bytes) ?? 0;
        if (count > 0) most.set(form, Math.max(most.get(form) ?? 0, count));
      }
    }
    return most;
  }

  /** Whether no image lacked one of these forms. */
  isAlways(needle: Needle, forms: readonly string[]): boolean {
    const found = this.found([needle]);
    return forms.every((form) => found.get(form) === this.#images);
  }
}
