import { hostname } from 'node:os';
import { type DatabaseSettings, isFile } from '../../db/database-settings.ts';
import type { Store } from '../../db/open-store.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Trail } from '../trail.ts';
import { createAuditLog } from './audit-log.ts';
import { createRuns } from './runs.ts';
import { createUnwitnessedTrail } from './unwitnessed-trail.ts';

type TrailStore = Pick<Store, 'reader' | 'writer' | 'changes' | 'run' | 'unwitnessedRanges' | 'brokenEvents'>;

/** Once a process: it knows whether its own run is certified. `database`: for whoever delivers to sinks. */
export function openTrail(store: TrailStore, clock: Clock, database?: DatabaseSettings): Trail {
  const { reader, writer, changes, run, unwitnessedRanges, brokenEvents } = store;
  return {
    audit: createAuditLog({ reader, writer, clock, changes, host: hostOf(database) }),
    runs: createRuns(reader, writer, run, clock, (found) => brokenEvents.emit(found)),
    unwitnessed: createUnwitnessedTrail(unwitnessedRanges, reader, writer, clock),
  };
}

const LONGEST_HOST = 64;

/** The only process of a file has the same sinks wherever it runs. */
function hostOf(database: DatabaseSettings | undefined): string {
  return database === undefined || isFile(database) ? '' : hostname().slice(0, LONGEST_HOST);
}
