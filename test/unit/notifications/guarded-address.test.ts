import type { LookupAddress, lookup } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { guardedLookup, isForbiddenAddress } from '../../../src/lib/address-guard.ts';
import { lookupFor } from '../../../src/notifications/target.ts';

const isInternal = (address: string) => isForbiddenAddress(address, 'public-host');

describe('the host of a target', () => {
  it.each(['127.0.0.1', '[::1]', '::1', '[::ffff:10.0.0.1]', '[::ffff:0:7f00:1]'])(
    'at an internal address is refused: %s',
    (host) => {
      expect(() => lookupFor({ host, allow_private: false })).toThrow(`${host} is at a loopback`);
      expect(lookupFor({ host, allow_private: true })).toEqual({});
    },
  );

  // Numbers that are no address are looked up as well, and what they mean is judged then.
  it.each(['1.1.1.1', '[2606:4700:4700::1111]', 'localhost', '127.1', '0x7f.1', '2130706433'])(
    'that is no internal address is looked up: %s',
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
