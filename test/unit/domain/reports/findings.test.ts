import { expect, it } from 'vitest';
import { reportSubject, type TokenFindings } from '../../../../src/domain/reports/findings.ts';
import { FOUND_NOTHING, TRACE } from '../../../support/token-findings.ts';

const digest = Buffer.alloc(32);

it.each<[string, Partial<TokenFindings>]>([
  ['issued', { record: TRACE, signature: 'right' }],
  ['issued', { record: TRACE, signature: 'unchecked' }],
  ['altered', { record: TRACE, signature: 'wrong' }],
  ['forged', { signature: 'right' }],
  ['foreign', { signature: 'wrong' }],
  ['foreign', { signature: 'unchecked' }],
  ['foreign', { readable: false }],
])('a report is about a token that is %s: %j', (about, found) => {
  expect(reportSubject({ digest }, { ...FOUND_NOTHING, ...found })).toBe(about);
});

it('a report without findings is about no token, or one that was not looked into', () => {
  expect(reportSubject({ digest: null }, null)).toBe('no_token');
  expect(reportSubject({ digest }, null)).toBe('unexamined');
});
