import type { Logger } from 'pino';
import type { StoredCheckpoint } from '../kernel/audit-chain.ts';
import { type AuditPublicKey, readCheckpoint } from '../token/checkpoint.ts';
import type { SinkCheckpoint } from './refuse-restored.ts';
import type { Sinks } from './sinks.ts';

export interface WitnessParts {
  readonly sinks: Sinks;
  readonly log: Logger;
}

export function ownWitness(latest: StoredCheckpoint | undefined): SinkCheckpoint {
  return { name: 'the database itself', tail: { event: undefined, checkpoint: latest } };
}

/** A sink that cannot be read tells nothing; it shows when it is written to. */
export async function witnessesOf({ sinks, log }: WitnessParts): Promise<readonly SinkCheckpoint[]> {
  const witnesses: SinkCheckpoint[] = [];
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

/**
 * The time that the newest checkpoint was signed with; undefined where there is none. Newest by its number: what was
 * dated by a wrong clock counts no longer once people have confirmed another. Nothing unsigned moves it.
 */
export async function newestTime(
  witnesses: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
): Promise<number | undefined> {
  const jwss = witnesses.flatMap(({ tail: { checkpoint } }) => (checkpoint ? [checkpoint.jws] : []));
  const read = await Promise.all(jwss.map((jws) => readCheckpoint(jws, auditKey)));
  const signed = read.flatMap((checkpoint) => (checkpoint ? [checkpoint] : []));
  return signed.toSorted((a, b) => b.number - a.number)[0]?.time;
}
