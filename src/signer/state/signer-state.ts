import { join } from 'node:path';
import { lockFile } from '../file-lock.ts';
import type { SignerSettings } from '../settings.ts';
import { KeyRecords, keyRecordsSchema } from './key-records.ts';
import { KeySetVersions, keySetVersionsSchema } from './key-set-versions.ts';
import { SealedRecord, sealedSchema } from './sealed-record.ts';
import { StateFile, type StateLock } from './state-file.ts';

/** What one HSM token's signer remembers of what it did, across restarts. */
export interface SignerState {
  /** Nothing is remembered: a new token, or the files are lost. */
  readonly isEmpty: boolean;
  readonly keys: KeyRecords;
  readonly sealed: SealedRecord;
  readonly keySets: KeySetVersions;
}

/** A folder for each token, by its serial: a new token begins with no state. `invalid_config` for damaged files. */
export function openState({
  stateDir,
  tokenSerial,
}: Pick<SignerSettings, 'stateDir' | 'tokenSerial'>): SignerState {
  const folder = join(stateDir, `token-${encodeURIComponent(tokenSerial)}`);
  const lock = lockIn(folder);
  const keys = new StateFile(join(folder, 'keys.json'), keyRecordsSchema, lock);
  const sealed = new StateFile(join(folder, 'sealed.json'), sealedSchema, lock);
  const sets = new StateFile(join(folder, 'key-sets.json'), keySetVersionsSchema, lock);
  const found = [keys.read(), sealed.read(), sets.read()];
  return {
    isEmpty: found.every((file) => file === undefined),
    keys: new KeyRecords(keys),
    sealed: new SealedRecord(sealed),
    keySets: new KeySetVersions(sets),
  };
}

function lockIn(folder: string): StateLock {
  let held: number | undefined;
  return {
    take() {
      if (held === undefined) held = lockFile(join(folder, 'lock'), 'signer');
    },
  };
}
