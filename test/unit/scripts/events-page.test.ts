import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventsPage } from '../../../scripts/events-page.ts';
import { eventType, SECURITY_EVENT_TYPES } from '../../../src/kernel/security-event-types.ts';
import { headings } from '../../support/headings.ts';

const DOCS = new URL('../../../docs/', import.meta.url);

it('docs/events.md is what the table of types says: `npm run docs:events` brings it in step', () => {
  expect(readFileSync(new URL('events.md', DOCS), 'utf8')).toBe(eventsPage());
});

it.each(SECURITY_EVENT_TYPES)('%s has a section of a runbook that says what to do', (name) => {
  const { runbook } = eventType(name);
  const [file = '', anchor] = runbook.split('#');
  // `keyward event show` has it behind its name, on one line of 80 columns.
  expect(`docs/runbooks/${runbook}`.length).toBeLessThanOrEqual(66);
  const page = new URL(`runbooks/${file}`, DOCS);
  expect(existsSync(page)).toBe(true);
  expect(headings(readFileSync(page, 'utf8'))).toContain(anchor);
});
