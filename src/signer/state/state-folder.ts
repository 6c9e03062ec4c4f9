import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeywardError } from '../../kernel/errors.ts';
import { writeDurably } from '../../lib/durable-file.ts';
import { lockFile } from '../lock-file.ts';
import { type StateLock, writing } from './state-file.ts';

export const KEYS = 'keys.jsonl';
export const SEALED = 'sealed.json';
export const KEY_SETS = 'key-sets.jsonl';

/** As they begin. They are made together, so that one that is missing was lost. */
const EMPTY = {
  [KEYS]: '',
  [SEALED]: `${JSON.stringify({ checkpoint: null, head: null })}\n`,
  [KEY_SETS]: '',
};

/** The lock of a token's folder, which is made with it. */
export function lockIn(folder: string): StateLock {
  let held: number | undefined;
  return {
    take() {
      if (held !== undefined) return;
      writing(folder, () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        held = lockFile(join(folder, 'lock'), 'signer');
        const files = Object.entries(EMPTY).map(([name, text]) => [join(folder, name), text] as const);
        if (files.some(([path]) => existsSync(path))) return;
        for (const [path, text] of files) writeDurably(path, text);
      });
    },
  };
}

/** What they say would be forgotten in silence. `invalid_config`. */
export function refuseFormerFiles(folder: string): void {
  for (const name of [KEYS, KEY_SETS]) {
    const path = join(folder, name);
    const former = path.replace(/l$/, '');
    if (!existsSync(former) || existsSync(path)) continue;
    throw new KeywardError(
      'invalid_config',
      `${former} is of an earlier version and is not read: restore ${name} beside it, or remove it as you would a damaged state`,
    );
  }
}
