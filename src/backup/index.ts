import { type PutBack, putBack, type RestoreRequest } from './put-back.ts';
import { contentsOf } from './store.ts';
import { type BackupRequest, type TakenBackup, takeBackup } from './take.ts';

export type { PutBack, TakenBackup };

export function backUp(request: BackupRequest): Promise<TakenBackup> {
  return takeBackup(contentsOf, request);
}

export function restore(request: RestoreRequest): Promise<PutBack> {
  return putBack(contentsOf, request);
}
