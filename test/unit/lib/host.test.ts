import { expect, it } from 'vitest';
import { isLoopbackHost, withoutBrackets } from '../../../src/lib/address.ts';

it.each(['localhost', '127.0.0.1', '127.255.255.254', '::1'])('%s is loopback', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

it.each([
  '',
  '0.0.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '127.1',
  '127.0.0.1.example',
  '1.127.0.0.1',
  '::',
  '[::1]',
  '::ffff:127.0.0.1',
  'LOCALHOST',
  'localhost.',
  'localhost.example',
  'keys.localhost',
])('%j is not', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});

it.each([
  ['[::1]', '::1'],
  ['::1', '::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['keys.example', 'keys.example'],
])('%s without brackets is %s', (hostname, host) => {
  expect(withoutBrackets(hostname)).toBe(host);
});
