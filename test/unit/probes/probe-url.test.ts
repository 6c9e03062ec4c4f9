import { describe, expect, it } from 'vitest';
import { addressAdvice, probeUrlAdvice } from '../../../src/probes/send.ts';

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
    'https://payments.example./probe',
    'https://localhost.example/probe',
    'https://100.100.100.199/probe',
    'https://192.0.1.192/probe',
    'https://[64:ff9b::a01:203]/probe',
    'https://[64:ff9b::a9fd:a9fe]/probe',
    'https://[::ffff:0:a01:203]/probe',
    'https://[2002:a01:203::7]/probe',
    'https://[2002:8000:1::7]/probe',
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
    ['https://[64:ff9b::a9fe:a9fe]/', ONE_MACHINE],
    ['https://[64:ff9b::127.0.0.1]/', ONE_MACHINE],
    ['https://[64:ff9b:1::a9fe:a9fe]/', ONE_MACHINE],
    ['https://[2002:7f00:1::]/', ONE_MACHINE],
    ['https://[2002:a9fe:a9fe::7]/', ONE_MACHINE],
    ['https://[::127.0.0.1]/', ONE_MACHINE],
    ['https://[::ffff:0:127.0.0.1]/', ONE_MACHINE],
    ['https://[::ffff:0:100.100.100.200]/', ONE_MACHINE],
    ['https://[fd00:ec2::254]/', ONE_MACHINE],
    ['https://100.100.100.200/', ONE_MACHINE],
    ['https://168.63.129.16/', ONE_MACHINE],
    ['https://192.0.0.192/', ONE_MACHINE],
    ['https://0.0.0.0/', ONE_MACHINE],
    ['https://127.0.0.1:9090/', NOT_HERE],
    ['https://2130706433/', NOT_HERE],
    ['https://0177.0.0.1/', NOT_HERE],
    ['https://0x7f.1/', NOT_HERE],
    ['https://127.1/', NOT_HERE],
    ['https://１２７.0.0.1/', NOT_HERE],
    ['https://127。0。0。1/', NOT_HERE],
    ['https://ⓛocalhost/', NOT_HERE],
    ['https://[::ffff:7f00:1]/', NOT_HERE],
    ['https://0xa9fea9fe/latest', ONE_MACHINE],
    ['https://localhost:9090/', NOT_HERE],
    ['https://localhost./', NOT_HERE],
    ['https://probe.localhost./', NOT_HERE],
    ['https://127.0.0.1./', NOT_HERE],
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
  expect(addressAdvice('64:ff9b::7f00:1', development)).toBe(ONE_MACHINE);
  expect(addressAdvice('64:ff9b::a01:203', production)).toBeUndefined();
  expect(addressAdvice('::1', development)).toBeUndefined();
  expect(addressAdvice('payments.example', production)).toBeUndefined();
});
