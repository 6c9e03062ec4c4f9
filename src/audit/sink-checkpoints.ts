import type { Logger } from 'pino';
import type { StoredCheckpoint } from '../kernel/audit-chain.ts';
import { type AuditPublicKey, readCheckpoint } from '../token/checkpoint.ts';
import type { SinkCheckpoint } from './refuse-rollback.ts';
import type { Sinks } from './sinks.ts';

interface SinkCheckpointDeps {
  readonly sinks: Sinks;
  readonly log: Logger;
}

export function databaseCheckpoint(latest: StoredCheckpoint | undefined): SinkCheckpoint {
  return { name: 'the database itself', tail: { event: undefined, checkpoint: latest } };
}

/** A sink that cannot be read tells nothing; it shows when it is written to. */
export async function readSinkCheckpoints({
  sinks,
  log,
}: SinkCheckpointDeps): Promise<readonly SinkCheckpoint[]> {
  const sinkCheckpoints: SinkCheckpoint[] = [];
  for (const sink of sinks.all) {
    try {
      const tail = await sink.tail();
      if (tail) sinkCheckpoints.push({ name: sink.name, tail });
    } catch (err) {
      log.error(
        { sink: sink.name, err },
        'audit sink cannot be read: nobody tells whether the database is older',
      );
    }
  }
  return sinkCheckpoints;
}

/**
 * The time that the newest checkpoint was signed with; undefined where there is none. Newest by its number: what was
 * dated by a wrong clock counts no longer once people have confirmed another. Nothing unsigned moves it.
 */
export async function newestTime(
  sinkCheckpoints: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
): Promise<number | undefined> {
  const jwss = sinkCheckpoints.flatMap(({ tail: { checkpoint } }) => (checkpoint ? [checkpoint.jws] : []));
  const read = await Promise.all(jwss.map((jws) => readCheckpoint(jws, auditKey)));
  const signed = read.flatMap((checkpoint) => (checkpoint ? [checkpoint] : []));
  return signed.toSorted((a, b) => b.number - a.number)[0]?.time;
}
