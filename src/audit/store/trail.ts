import type { Store } from '../../db/open-store.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Trail } from '../trail.ts';
import { createAuditLog } from './audit-log.ts';
import { createRuns } from './runs.ts';
import { createUnwitnessedTrail } from './unwitnessed-trail.ts';

type TrailStore = Pick<Store, 'reader' | 'writer' | 'changes' | 'run' | 'unwitnessedRanges' | 'brokenEvents'>;

/** Once a process: it knows whether its own run is certified. */
export function openTrail(store: TrailStore, clock: Clock): Trail {
  const { reader, writer, changes, run, unwitnessedRanges, brokenEvents } = store;
  return {
    audit: createAuditLog({ reader, writer, clock, changes }),
    runs: createRuns(reader, writer, run, clock, (found) => brokenEvents.emit(found)),
    unwitnessed: createUnwitnessedTrail(unwitnessedRanges, reader, writer, clock),
  };
}
