import { credentials } from './recognise-credential.ts';
import { type ExactPin, madePins, withoutPins } from './recognise-pin.ts';
import { tokens } from './recognise-token.ts';
import type { Content } from './scan-content.ts';
import { once } from './streams.ts';

const RECOGNISERS = [credentials, tokens, madePins];
const NEEDLES = RECOGNISERS.flatMap(({ needles }) => needles ?? []);
/** What tells the kind; the rest is the secret. */
const SHOWN = 9;

/** Names of files, folders and archive entries hold secrets, too. */
export class Names {
  readonly #pins: readonly ExactPin[];

  constructor(pins: readonly ExactPin[] = []) {
    this.#pins = pins;
  }

  /** A name, or where a link leads, as something to be scanned; undefined where it can hold nothing. */
  asContent(folder: string, name: string): Content | undefined {
    if (this.#pins.length === 0 && !NEEDLES.some((needle) => name.includes(needle))) return undefined;
    return { name: folder, bytes: once(Buffer.from(name)) };
  }

  /** The same name without the secrets in it, as it may be shown. */
  shown(name: string): string {
    let shown = withoutPins(name, this.#pins);
    for (const { needles, find } of RECOGNISERS) {
      if (!needles?.some((needle) => shown.includes(needle))) continue;
      for (const { sight } of find(shown))
        shown = shown.replaceAll(sight.secret, `${sight.secret.slice(0, SHOWN)}…`);
    }
    return shown;
  }
}
