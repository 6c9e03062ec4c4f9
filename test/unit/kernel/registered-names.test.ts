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
  [{ cnf: { JKT: 'x' } }, 'jkt'],
  [{ cnf: { 'x5t#s256': 'x' } }, 'x5t#S256'],
  [{ cnf: { 'X5T#S256': 'x' } }, 'x5t#S256'],
  [{ cnf: { jkt: 'x', 'jwk ': {} } }, 'jwk'],
  [{ cnf: { Kid: 'x' } }, 'kid'],
  [{ cnf: { ＪＫＵ: 'x' } }, 'jku'],
  [{ cnf: { jwE: 'x' } }, 'jwe'],
  [{ cnf: { OSC: {} } }, 'osc'],
  [{ act: { sub: 'a', cnf: { Jkt: 'x' } } }, 'jkt'],
  [{ authorization_details: [{ type: 'a' }, { Type: 'a' }] }, 'type'],
  [{ authorization_details: [{ type: 'a', Locations: [] }] }, 'locations'],
  [{ authorization_details: [{ type: 'a', Actions: [] }] }, 'actions'],
  [{ authorization_details: [{ type: 'a', dataTypes: [] }] }, 'datatypes'],
  [{ authorization_details: [{ type: 'a', IDENTIFIER: 'b' }] }, 'identifier'],
  [{ authorization_details: { Privileges: [] } }, 'privileges'],
])('some reader takes a member of %j for %s', (claims, registered) => {
  expect(firstMistakenClaim(claims)).toBe(registered);
});

it.each([
  { cnf: { jwk: {}, jwe: '', kid: '', jku: '', jkt: '', 'x5t#S256': '', osc: {} } },
  { cnf: { Type: 1, Own: 1, jwk: { KTY: 'EC', 'x5t#s256': 'x' } } },
  { authorization_details: [{ type: 'a', locations: [], actions: [], datatypes: [], identifier: 'b' }] },
  { authorization_details: [{ type: 'a', privileges: [], JKT: 1, order: { Type: 1, Actions: [] } }] },
  { order: { JKT: 1, 'x5t#s256': 1, Type: 1 }, JKT: 1, Type: 1, 'x5t#s256': 1 },
  { cnf: 'JKT', authorization_details: ['Type', null] },
])('no reader takes a member of %j for a registered one', (claims) => {
  expect(firstMistakenClaim(claims)).toBeUndefined();
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
