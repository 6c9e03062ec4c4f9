import { expect, it } from 'vitest';
import { contactFlaws } from '../../../src/kernel/scope.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => `c${at}@id.example`);

it.each([
  [[]],
  [['security@example.com']],
  [['a.b+c@x', "o'neil@mail.example.com"]],
  [[`${'l'.repeat(64)}@${'d'.repeat(63)}.example`]],
  [many(16)],
])('takes %j', (contacts) => {
  expect(contactFlaws(contacts)).toEqual([]);
});

const AN_ADDRESS = 'use an e-mail address such as security@example.com';

it.each([
  [many(17), ['contacts'], 'name at most 16 addresses'],
  [['ok@id.example', 'no address'], ['contacts', 1], AN_ADDRESS],
  [['a@b@c'], ['contacts', 0], AN_ADDRESS],
  [['@id.example'], ['contacts', 0], AN_ADDRESS],
  [['a@-b.example'], ['contacts', 0], AN_ADDRESS],
  [['a@b.example\r\nBcc: c@d.example'], ['contacts', 0], AN_ADDRESS],
  [['Ada <ada@id.example>'], ['contacts', 0], AN_ADDRESS],
  [[`${'l'.repeat(65)}@id.example`], ['contacts', 0], AN_ADDRESS],
  [[`a@${`${'d'.repeat(62)}.`.repeat(4)}example`], ['contacts', 0], AN_ADDRESS],
  [['ops@id.example', 'OPS@id.example'], ['contacts', 1], 'name each address once'],
])('refuses %j', (contacts, path, advice) => {
  expect(contactFlaws(contacts)).toEqual([{ path, advice }]);
});
