import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { addressesOf, isServing } from './addresses.ts';
import type { Places } from './places.ts';
import { Stop, say } from './say.ts';
import { clear } from './set-up.ts';

/** Throws everything away, once that is confirmed and no service uses it. */
export async function reset(places: Places, yes: boolean): Promise<void> {
  if (existsSync(places.config) && (await isServing(addressesOf(places)))) {
    throw new Stop('the service runs; stop it before --reset');
  }
  if (!yes && !(await confirmed(places))) throw new Stop('nothing was changed');
  clear(places);
  say(`threw away what was in ${places.directory}`);
}

async function confirmed(places: Places): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Stop('--reset asks first, and there is no terminal: add --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const question = `Throw away the keys, records and credentials in ${places.directory}? [y/N] `;
    return /^y(?:es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
