import { expect, it } from 'vitest';
import { isOurs, reportSubject, type TokenFindings } from '../../../src/reports/findings.ts';
import { FOUND_NOTHING, TRACE } from '../../support/token-findings.ts';

const digest = Buffer.alloc(32);
const STRANGER = { holder: null, live: false };

it.each<[string, Partial<TokenFindings>]>([
  ['issued', { record: TRACE, signature: 'right' }],
  ['issued', { record: TRACE, signature: 'unchecked' }],
  ['altered', { record: TRACE, signature: 'wrong' }],
  ['forged', { signature: 'right' }],
  ['foreign', { signature: 'wrong' }],
  ['foreign', { signature: 'unchecked' }],
  ['foreign', { readable: false }],
  ['credential', { readable: false, credentials: [{ holder: 'client:web', live: false }] }],
  ['credential', { record: TRACE, credentials: [STRANGER, { holder: 'client:web', live: true }] }],
  ['credential_unknown', { readable: false, credentials: [STRANGER] }],
  ['issued', { record: TRACE, credentials: [STRANGER] }],
  ['credential_unknown', { readable: false, pins: 1 }],
  ['issued', { record: TRACE, pins: 1 }],
])('a report is about a token that is %s: %j', (about, found) => {
  expect(reportSubject({ digest }, { ...FOUND_NOTHING, ...found })).toBe(about);
});

it('a report without findings is about no token, or one that was not looked into', () => {
  expect(reportSubject({ digest: null }, null)).toBe('no_token');
  expect(reportSubject({ digest }, null)).toBe('unexamined');
});

it('a report in words with a credential in them is about that', () => {
  const shown = { ...FOUND_NOTHING, readable: false, credentials: [STRANGER] };
  expect(reportSubject({ digest: null }, shown)).toBe('credential_unknown');
  expect(isOurs(shown)).toBe(false);
  const pin = { ...FOUND_NOTHING, readable: false, pins: 1 };
  expect([reportSubject({ digest: null }, pin), isOurs(pin)]).toEqual(['credential_unknown', false]);
  const held = { ...shown, credentials: [{ holder: 'operator:ada', live: false }] };
  expect(reportSubject({ digest: null }, held)).toBe('credential');
  expect([isOurs(held), isOurs({ ...FOUND_NOTHING, record: TRACE }), isOurs(null)]).toEqual([
    true,
    true,
    false,
  ]);
});
