import type { Sightings } from '../domain/sightings.ts';
import type { Metrics } from './metrics.ts';

/** Counts the digests that relying services report, by whether they are on record. */
export function measuredSightings(sightings: Sightings, metrics: Pick<Metrics, 'sightings'>): Sightings {
  return {
    async unknown(scopeId, seen, by) {
      const unknown = await sightings.unknown(scopeId, seen, by);
      metrics.sightings.inc({ scope: scopeId, recorded: 'yes' }, seen.length - unknown.length);
      metrics.sightings.inc({ scope: scopeId, recorded: 'no' }, unknown.length);
      return unknown;
    },
  };
}
