import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Places } from './places.ts';
import { Stop } from './say.ts';

/** SoftHSM reads a line up to the first of these, and would keep its tokens somewhere else. */
const UNREADABLE = /[#\p{Cc}]/u;

const CANDIDATES = new URL('../../softhsm/modules', import.meta.url);
const TEMPLATE = new URL('../../softhsm/softhsm2.conf.template', import.meta.url);

/** Path of the SoftHSM module on this machine. */
export function softhsmModule(): string {
  const candidates = readFileSync(CANDIDATES, 'utf8').split('\n').filter(Boolean);
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new Stop(`SoftHSM is not installed: none of ${candidates.join(', ')} exists`);
  return found;
}

/** SoftHSM wants an absolute path, so a checkout that was moved gets its file anew. */
export function writeSofthsmConfig(places: Places): void {
  if (UNREADABLE.test(places.tokens)) {
    throw new Stop(`SoftHSM cannot keep tokens under ${JSON.stringify(places.tokens)}: use a path without #`);
  }
  mkdirSync(places.tokens, { recursive: true, mode: 0o700 });
  const text = readFileSync(TEMPLATE, 'utf8').replace('@TOKENS@', () => places.tokens);
  writeFileSync(places.softhsmConfig, text, { mode: 0o600 });
}
