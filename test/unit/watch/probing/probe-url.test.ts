import { describe, expect, it } from 'vitest';
import { addressAdvice, probeUrlAdvice } from '../../../../src/watch/probing/probe-url.ts';

const production = { loopback: false };
const development = { loopback: true };
const HTTPS = 'use https; http is for loopback alone, in development mode';
const NOT_HERE = 'use another machine: loopback is for development mode';
const ONE_MACHINE = 'use an address of one machine, other than link-local';

describe('a probe URL', () => {
  it.each([
    'https://payments.example/probe?from=keyward',
    'https://10.1.2.3:8443/probe',
    'https://[fd12::7]/probe',
    `https://payments.example/${'x'.repeat(2_048 - 25)}`,
  ])('may be %s', (url) => expect(probeUrlAdvice(url, production)).toBeUndefined());

  it.each([
    ['http://payments.example/probe', HTTPS],
    ['http://10.1.2.3/probe', HTTPS],
    ['ftp://payments.example/probe', HTTPS],
    ['payments.example/probe', 'use an https URL of at most 2048 characters'],
    ['https://payments.example/a b', 'use an https URL of at most 2048 characters'],
    [`https://payments.example/${'x'.repeat(2_048 - 24)}`, 'use an https URL of at most 2048 characters'],
    ['https://who@payments.example/', 'leave out user and password: what is sent is the token'],
    ['https://payments.example/#top', 'leave out the fragment'],
    ['https://payments.example/#', 'leave out the fragment'],
    ['https://169.254.169.254/latest', ONE_MACHINE],
    ['https://[::ffff:169.254.169.254]/latest', ONE_MACHINE],
    ['https://[fe80::1]/', ONE_MACHINE],
    ['https://0.0.0.0/', ONE_MACHINE],
    ['https://127.0.0.1:9090/', NOT_HERE],
    ['https://2130706433/', NOT_HERE],
    ['https://localhost:9090/', NOT_HERE],
    ['https://[::1]:9090/', NOT_HERE],
  ])('may not be %s', (url, advice) => expect(probeUrlAdvice(url, production)).toBe(advice));

  it('may be at loopback in development, also without TLS', () => {
    for (const url of ['http://127.0.0.1:3000/', 'http://localhost:3000/', 'https://[::1]/']) {
      expect(probeUrlAdvice(url, development)).toBeUndefined();
    }
    expect(probeUrlAdvice('http://payments.example/', development)).toBe(HTTPS);
  });
});

it('an address that a name stands for is held against the same rules', () => {
  expect(addressAdvice('192.168.1.7', production)).toBeUndefined();
  expect(addressAdvice('::ffff:127.0.0.1', production)).toBe(NOT_HERE);
  expect(addressAdvice('::ffff:127.0.0.1', development)).toBeUndefined();
  expect(addressAdvice('224.0.0.1', development)).toBe(ONE_MACHINE);
  expect(addressAdvice('payments.example', production)).toBeUndefined();
});
