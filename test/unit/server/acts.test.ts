import { expect, it } from 'vitest';
import { ACT_NAMES } from '../../../src/kernel/acts.ts';
import { eraseReport } from '../../../src/reports/routes/admin.ts';
import { administrativeActs } from '../../support/planes.ts';
import {
  canaries,
  clients,
  compromises,
  confirmation,
  keyRing,
  keys,
  knownKeys,
  ledger,
  operators,
  pauses,
  pinLatches,
  probes,
  revocations,
  scopes,
  unexpected,
  unwitnessed,
} from './fakes.ts';

const WITHOUT_ROUTE: ReadonlySet<string> = new Set([
  'hsm.compromise',
  'audit.sinks',
  'notification.routes',
  'retention.shorten',
]);

it('every act of the table is offered but for those that only the configuration file can do so far', () => {
  const parts = {
    canaries,
    clients,
    compromises,
    confirmation,
    keyRing,
    keys,
    knownKeys,
    ledger,
    operators,
    probes,
  };
  const acts = administrativeActs({
    ...parts,
    pauses,
    pinLatches,
    unwitnessed,
    revocations,
    scopes,
  });
  const offered = [...acts, eraseReport({ find: unexpected, erase: unexpected })].map(({ name }) => name);
  expect(new Set(offered).size).toBe(offered.length);
  const missing = ACT_NAMES.filter((name) => !offered.includes(name) && !WITHOUT_ROUTE.has(name));
  expect(missing).toEqual([]);
});
