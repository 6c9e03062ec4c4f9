import type { LookupAddress, lookup } from 'node:dns';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isForbiddenAddress } from '../../../../src/lib/address-guard.ts';
import { guardedLookup } from '../../../../src/lib/guarded-lookup.ts';
import { lookupFor } from '../../../../src/watch/notifications/guarded-address.ts';

const isInternal = (address: string) => isForbiddenAddress(address, 'public-host');

describe('an internal address', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '::ffff:0:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '2002:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    'no address',
  ])('is %s', (address) => {
    expect(isInternal(address)).toBe(true);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '168.63.129.17',
    '192.0.1.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '::ffff:1.1.1.1',
    '::fffe:0:127.0.0.1',
    '64:ff9a::7f00:1',
    '2606:4700:4700::1111',
    '2003::1',
  ])('is not its neighbour %s', (address) => {
    expect(isInternal(address)).toBe(false);
  });
});

it('is the same in each of its forms', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const mapped = `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      expect(isInternal(mapped)).toBe(isInternal(address));
      expect(isInternal(`::ffff:${address}`)).toBe(isInternal(address));
    }),
  );
});

describe('a host', () => {
  it.each(['127.0.0.1', '[::1]', '::1', '[::ffff:10.0.0.1]', '[::ffff:0:7f00:1]'])(
    'that is one is refused: %s',
    (host) => {
      expect(() => lookupFor({ host, allow_private: false })).toThrow(`${host} is at a loopback`);
      expect(lookupFor({ host, allow_private: true })).toEqual({});
    },
  );

  // Numbers that are no address are looked up as well, and what they mean is judged then.
  it.each(['1.1.1.1', '[2606:4700:4700::1111]', 'localhost', '127.1', '0x7f.1', '2130706433'])(
    'that is none is looked up: %s',
    (host) => {
      expect(lookupFor({ host, allow_private: false })).toEqual({ lookup: expect.any(Function) });
    },
  );
});

describe('a name', () => {
  const asked = (all: boolean, ...addresses: string[]) => {
    const found = addresses.map(
      (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
    );
    const resolve = ((_host: string, _options: object, done: (...answer: unknown[]) => void) =>
      done(null, found)) as unknown as typeof lookup;
    const guarded = guardedLookup(isInternal, (host) => new Error(`${host} is refused`), resolve);
    return new Promise((settle) => {
      guarded('hooks.example', { all }, (error, address, family) =>
        settle(error ? error.message : all ? address : [address, family]),
      );
    });
  };

  it('gives the addresses that it means, one or all', async () => {
    expect(await asked(false, '1.1.1.1', '1.0.0.1')).toEqual(['1.1.1.1', 4]);
    expect(await asked(true, '1.1.1.1')).toEqual([{ address: '1.1.1.1', family: 4 }]);
  });

  it('gives none where a single one of them is internal, or there is none', async () => {
    expect(await asked(false, '1.1.1.1', '127.0.0.1')).toBe('hooks.example is refused');
    expect(await asked(true, '1.1.1.1', 'fe80::1')).toBe('hooks.example is refused');
    expect(await asked(true)).toBe('hooks.example has no address');
  });
});
