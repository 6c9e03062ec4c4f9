import type { Logger } from 'pino';
import type { Witness } from './audit/refuse-restored.ts';
import type { Sinks } from './audit/sinks.ts';
import type { StoredCheckpoint } from './domain/checkpoint.ts';
import { type AuditPublicKey, readCheckpoint } from './token/checkpoint.ts';

export interface WitnessParts {
  readonly sinks: Sinks;
  readonly log: Logger;
}

export function ownWitness(latest: StoredCheckpoint | undefined): Witness {
  return { name: 'the database itself', tail: { event: undefined, checkpoint: latest } };
}

/** A sink that cannot be read tells nothing; it shows when it is written to. */
export async function witnessesOf({ sinks, log }: WitnessParts): Promise<readonly Witness[]> {
  const witnesses: Witness[] = [];
  for (const sink of sinks.all) {
    try {
      const tail = await sink.tail();
      if (tail) witnesses.push({ name: sink.name, tail });
    } catch (err) {
      log.error(
        { sink: sink.name, err },
        'audit sink cannot be read: nobody tells whether the database is older',
      );
    }
  }
  return witnesses;
}

export async function newestTime(
  witnesses: readonly Witness[],
  own: number | undefined,
  auditKey: AuditPublicKey,
): Promise<number | undefined> {
  let newest = own;
  for (const { tail } of witnesses) {
    const checkpoint = tail.checkpoint && (await readCheckpoint(tail.checkpoint.jws, auditKey));
    if (checkpoint) newest = Math.max(newest ?? 0, checkpoint.time);
  }
  return newest;
}
