import { expect, it } from 'vitest';
import {
  claimMistakenFor,
  firstMistakenClaim,
  parameterMistakenFor,
} from '../../../src/kernel/claim-names.ts';

it.each([
  ['Sub', 'sub'],
  ['ſub', 'sub'],
  ['İss', 'iss'],
  ['aud ', 'aud'],
  ['aud\0', 'aud'],
  ['Client_ID', 'client_id'],
  ['SCOPE', 'scope'],
  ['ACT', 'act'],
  ['May_Act', 'may_act'],
  ['Cnf', 'cnf'],
  ['Auth_Time', 'auth_time'],
  ['AZP', 'azp'],
  ['Roles', 'roles'],
  ['Email_Verified', 'email_verified'],
  ['Txn', 'txn'],
  ['_Claim_Names', '_claim_names'],
])('some reader takes %j for %s', (name, registered) => {
  expect(claimMistakenFor(name)).toBe(registered);
  expect(claimMistakenFor(registered)).toBeUndefined();
});

it.each([
  'subject',
  'SubId',
  'ClientId',
  'Tenant',
  'https://example.com/Sub',
  'scopes',
  'é',
  '',
  'constructor',
])('no reader takes %j for a registered claim', (name) => {
  expect(claimMistakenFor(name)).toBeUndefined();
});

it('takes what says who acts wherever it is nested, and what describes a person in the claims alone', () => {
  expect(firstMistakenClaim({ act: { Sub: 'admin' } })).toBe('sub');
  expect(firstMistakenClaim({ a: [{ b: [[{ EXP: 1 }]] }] })).toBe('exp');
  expect(firstMistakenClaim({ Name: 'Ada' })).toBe('name');
  expect(firstMistakenClaim({ order: { Name: 'Ada', Roles: [] } })).toBeUndefined();
  expect(firstMistakenClaim({ sub: 'ada', act: { sub: 'bob' }, list: ['Sub', null, 1] })).toBeUndefined();
});

it.each([
  ['Alg', 'alg'],
  ['\u212aid', 'kid'],
  ['x5t#s256', 'x5t#S256'],
  ['JKU', 'jku'],
])('some reader takes %j for the parameter %s', (name, registered) => {
  expect(parameterMistakenFor(name)).toBe(registered);
  expect(parameterMistakenFor(registered)).toBeUndefined();
});
