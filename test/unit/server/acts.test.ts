import { expect, it } from 'vitest';
import { ACT_NAMES } from '../../../src/kernel/acts.ts';
import { eraseReport } from '../../../src/reports/routes/admin.ts';
import { administrativeActs } from '../../support/planes.ts';
import { untouched } from '../../support/untouched.ts';

const WITHOUT_ROUTE: ReadonlySet<string> = new Set([
  'hsm.compromise',
  'audit.sinks',
  'notification.routes',
  'retention.shorten',
]);

it('every act of the table is offered but for those that only the configuration file can do so far', () => {
  const acts = administrativeActs(untouched());
  const offered = [...acts, eraseReport(untouched())].map(({ name }) => name);
  expect(new Set(offered).size).toBe(offered.length);
  const missing = ACT_NAMES.filter((name) => !offered.includes(name) && !WITHOUT_ROUTE.has(name));
  expect(missing).toEqual([]);
});
