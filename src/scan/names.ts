import { credentials } from './recognise-credential.ts';
import { tokens } from './recognise-token.ts';
import type { Content } from './scan-content.ts';
import { once } from './streams.ts';

const RECOGNISERS = [credentials, tokens];
const NEEDLES = RECOGNISERS.flatMap(({ needles }) => needles ?? []);
/** What tells the kind; the rest is the secret. */
const SHOWN = 9;

/** A name, or where a link leads, as something to be scanned; undefined where it can hold nothing. */
export function nameAsContent(folder: string, name: string): Content | undefined {
  if (!NEEDLES.some((needle) => name.includes(needle))) return undefined;
  return { name: folder, bytes: once(Buffer.from(name)), pins: false };
}

/** The same name without the secrets in it, as it may be shown. */
export function withoutSecrets(name: string): string {
  let shown = name;
  for (const { needles, find } of RECOGNISERS) {
    if (!needles?.some((needle) => name.includes(needle))) continue;
    for (const { sight } of find(name))
      shown = shown.replaceAll(sight.secret, `${sight.secret.slice(0, SHOWN)}…`);
  }
  return shown;
}
