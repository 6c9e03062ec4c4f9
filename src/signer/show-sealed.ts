import type { SealedStatements } from '../kernel/signer.ts';
import { readCheckpoint } from '../token/checkpoint.ts';
import { readHeadStatement } from '../token/registry-statement.ts';
import type { LoadedKeys } from './loaded-keys.ts';
import type { Log } from './log.ts';
import type { SealedRecord } from './state/sealed-record.ts';

/**
 * What this signer sealed last: a witness of the database beside the audit sinks. What the front shows counts as
 * far as the signer's own keys signed it, and raises what is known.
 */
export async function showSealed(
  shelf: LoadedKeys,
  sealed: SealedRecord,
  { checkpoint, head }: SealedStatements,
  log: Log,
): Promise<SealedStatements> {
  const { audit, bindingIssuer: voucher } = shelf;
  if (checkpoint !== null && audit && (await readCheckpoint(checkpoint, audit))) {
    learn('checkpoint', checkpoint);
  }
  if (head !== null && voucher && (await readHeadStatement(head, voucher))) learn('head', head);
  return sealed.last();

  function learn(kind: keyof SealedStatements, jws: string): void {
    if (sealed.learn(kind, jws))
      log('error', `the signer learned the last ${kind} from what it was shown`, {});
  }
}
