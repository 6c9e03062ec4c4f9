import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressProfile,
  addressMatcher,
  isAddressOrNetwork,
  isForbiddenAddress,
  isLoopbackAddress,
} from '../../../src/lib/address-guard.ts';

// The first and last address of each network of the IANA special-purpose registries, and their neighbours outside;
// then the same within IPv6, by each way to write or translate IPv4; then other spellings.

type Verdict = 'passes' | 'refused' | 'loopback';

function verdictsOn(address: string): { readonly publicHost: Verdict; readonly anyHost: Verdict } {
  const verdict = (profile: AddressProfile) => (isForbiddenAddress(address, profile) ? 'refused' : 'passes');
  return {
    publicHost: verdict('public-host'),
    anyHost: isLoopbackAddress(address) ? 'loopback' : verdict('any-host'),
  };
}

/** From lines of `network: address address …`. */
function addressesOf(lines: string): readonly string[] {
  return lines
    .trim()
    .split('\n')
    .flatMap((line) => line.replace(/^.*?: /, '').split(' '));
}

/** Refused by neither profile; some networks are special to IANA, and yet reached. */
const PUBLIC = addressesOf(`
0.0.0.0/8 this network: 1.0.0.0
10.0.0.0/8 private: 9.255.255.255 11.0.0.0
100.64.0.0/10 shared, carrier-grade NAT: 100.63.255.255 100.128.0.0
127.0.0.0/8 loopback: 126.255.255.255 128.0.0.0
168.63.129.16/32 wire server of Azure: 168.63.129.15 168.63.129.17
169.254.0.0/16 link-local, metadata of clouds: 169.253.255.255 169.255.0.0
172.16.0.0/12 private: 172.15.255.255 172.32.0.0
192.0.0.0/24 IETF protocol assignments: 191.255.255.255 192.0.1.0
192.0.2.0/24 documentation 1: 192.0.1.255 192.0.3.0
192.31.196.0/24 AS112 (RFC 7535): 192.31.195.255 192.31.196.0 192.31.196.255 192.31.197.0
192.52.193.0/24 AMT: 192.52.192.255 192.52.193.0 192.52.193.255 192.52.194.0
192.88.99.0/24 6to4 relay anycast: 192.88.98.255 192.88.100.0
192.168.0.0/16 private: 192.167.255.255 192.169.0.0
192.175.48.0/24 AS112 (RFC 7534): 192.175.47.255 192.175.48.0 192.175.48.255 192.175.49.0
198.18.0.0/15 benchmarking: 198.17.255.255 198.20.0.0
198.51.100.0/24 documentation 2: 198.51.99.255 198.51.101.0
203.0.113.0/24 documentation 3: 203.0.112.255 203.0.114.0
224.0.0.0/4 multicast: 223.255.255.255
::/96 IPv4-compatible, unspecified: ::1:0:0
::ffff:0:0/96 mapped IPv4: ::fffe:ffff:ffff ::1:0:0:0
::ffff:0:0:0/96 translated IPv4 (SIIT): ::fffe:ffff:ffff:ffff ::ffff:1:0:0
64:ff9b::/96 NAT64: 64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff 64:ff9b::1:0:0
64:ff9b:1::/48 local NAT64: 64:ff9b:0:ffff:ffff:ffff:ffff:ffff 64:ff9b:2::
100::/64 discard: ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 100:0:0:1::
2001::/32 Teredo: 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:1::
2001::/23 IETF protocol assignments: 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:200::
2001:2::/48 benchmarking: 2001:1:ffff:ffff:ffff:ffff:ffff:ffff 2001:2:: 2001:2:0:ffff:ffff:ffff:ffff:ffff
2001:2::/48 benchmarking: 2001:2:1::
2001:3::/32 AMT: 2001:2:ffff:ffff:ffff:ffff:ffff:ffff 2001:3:: 2001:3:ffff:ffff:ffff:ffff:ffff:ffff
2001:3::/32 AMT: 2001:4::
2001:4:112::/48 AS112: 2001:4:111:ffff:ffff:ffff:ffff:ffff 2001:4:112::
2001:4:112::/48 AS112: 2001:4:112:ffff:ffff:ffff:ffff:ffff 2001:4:113::
2001:10::/28 ORCHID, deprecated: 2001:f:ffff:ffff:ffff:ffff:ffff:ffff 2001:10::
2001:10::/28 ORCHID, deprecated: 2001:1f:ffff:ffff:ffff:ffff:ffff:ffff 2001:20::
2001:20::/28 ORCHIDv2: 2001:2f:ffff:ffff:ffff:ffff:ffff:ffff 2001:30::
2001:30::/28 drone remote ID: 2001:3f:ffff:ffff:ffff:ffff:ffff:ffff 2001:40::
2001:db8::/32 documentation: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::
2002::/16 6to4: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003::
2620:4f:8000::/48 AS112: 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff 2620:4f:8000::
2620:4f:8000::/48 AS112: 2620:4f:8000:ffff:ffff:ffff:ffff:ffff 2620:4f:8001::
3fff::/20 documentation (RFC 9637): 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff::
3fff::/20 documentation (RFC 9637): 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000::
5f00::/16 segment routing: 5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 5f00::
5f00::/16 segment routing: 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff 5f01::
fc00::/7 unique local: fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe00::
fe80::/10 link-local: fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff
0.0.0.0/8 as mapped: ::ffff:100:0
10.0.0.0/8 as mapped: ::ffff:9ff:ffff ::ffff:b00:0
127.0.0.0/8 as mapped: ::ffff:7eff:ffff ::ffff:8000:0
168.63.129.16/32 as mapped: ::ffff:a83f:810f ::ffff:a83f:8111
169.254.0.0/16 as mapped: ::ffff:a9fd:ffff ::ffff:a9ff:0
192.0.0.0/24 as mapped: ::ffff:bfff:ffff ::ffff:c000:100
224.0.0.0/4 as mapped: ::ffff:dfff:ffff
written otherwise: ::ffff:8.8.8.8 2606:4700:4700::1111 2606:4700:4700:0:0:0:0:1111 1.1.1.1 8.8.8.8
with a zone: ::ffff:8.8.8.8%lo 2606:4700:4700::1111%lo
other: ::ffff:1.1.1.1 ::fffe:0:127.0.0.1 64:ff9a::7f00:1 2003::1
`);

/** Where networks of one's own are, or nothing: refused where a host must be public. */
const INTERNAL = addressesOf(`
10.0.0.0/8 private: 10.0.0.0 10.255.255.255
100.64.0.0/10 shared, carrier-grade NAT: 100.64.0.0 100.127.255.255
100.100.100.200/32 metadata of Alibaba Cloud: 100.100.100.199 100.100.100.201
172.16.0.0/12 private: 172.16.0.0 172.31.255.255
192.0.2.0/24 documentation 1: 192.0.2.0 192.0.2.255
192.88.99.0/24 6to4 relay anycast: 192.88.99.0 192.88.99.255
192.168.0.0/16 private: 192.168.0.0 192.168.255.255
198.18.0.0/15 benchmarking: 198.18.0.0 198.19.255.255
198.51.100.0/24 documentation 2: 198.51.100.0 198.51.100.255
203.0.113.0/24 documentation 3: 203.0.113.0 203.0.113.255
100::/64 discard: 100:: 100::ffff:ffff:ffff:ffff
2001:db8::/32 documentation: 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
fc00::/7 unique local: fc00:: fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
fd00:ec2::/32 metadata of AWS: fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff fd00:ec3::
fd20:ce::254/128 metadata of Google: fd20:ce::253 fd20:ce::255
fe80::/10 link-local: fec0::
fec0::/10 site-local, deprecated: feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
0.0.0.0/8 as SIIT: ::ffff:0:100:0
0.0.0.0/8 as NAT64: 64:ff9b::100:0
0.0.0.0/8 as 6to4: 2002:100::7
10.0.0.0/8 as mapped: ::ffff:a00:0 ::ffff:aff:ffff
10.0.0.0/8 as SIIT: ::ffff:0:9ff:ffff ::ffff:0:a00:0 ::ffff:0:aff:ffff ::ffff:0:b00:0
10.0.0.0/8 as NAT64: 64:ff9b::9ff:ffff 64:ff9b::a00:0 64:ff9b::aff:ffff 64:ff9b::b00:0
10.0.0.0/8 as 6to4: 2002:9ff:ffff::7 2002:a00::7 2002:aff:ffff::7 2002:b00::7
100.100.100.200/32 as mapped: ::ffff:6464:64c7 ::ffff:6464:64c9
100.100.100.200/32 as SIIT: ::ffff:0:6464:64c7 ::ffff:0:6464:64c9
100.100.100.200/32 as NAT64: 64:ff9b::6464:64c7 64:ff9b::6464:64c9
100.100.100.200/32 as 6to4: 2002:6464:64c7::7 2002:6464:64c9::7
127.0.0.0/8 as SIIT: ::ffff:0:7eff:ffff ::ffff:0:8000:0
127.0.0.0/8 as NAT64: 64:ff9b::7eff:ffff 64:ff9b::8000:0
127.0.0.0/8 as 6to4: 2002:7eff:ffff::7 2002:8000::7
168.63.129.16/32 as SIIT: ::ffff:0:a83f:810f ::ffff:0:a83f:8111
168.63.129.16/32 as NAT64: 64:ff9b::a83f:810f 64:ff9b::a83f:8111
168.63.129.16/32 as 6to4: 2002:a83f:810f::7 2002:a83f:8111::7
169.254.0.0/16 as SIIT: ::ffff:0:a9fd:ffff ::ffff:0:a9ff:0
169.254.0.0/16 as NAT64: 64:ff9b::a9fd:ffff 64:ff9b::a9ff:0
169.254.0.0/16 as 6to4: 2002:a9fd:ffff::7 2002:a9ff::7
192.0.0.0/24 as SIIT: ::ffff:0:bfff:ffff ::ffff:0:c000:100
192.0.0.0/24 as NAT64: 64:ff9b::bfff:ffff 64:ff9b::c000:100
192.0.0.0/24 as 6to4: 2002:bfff:ffff::7 2002:c000:100::7
224.0.0.0/4 as SIIT: ::ffff:0:dfff:ffff
224.0.0.0/4 as NAT64: 64:ff9b::dfff:ffff
224.0.0.0/4 as 6to4: 2002:dfff:ffff::7
written otherwise: ::ffff:10.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8
with a zone: fd12::7%lo
within: 10.1.2.3 100.64.0.1 172.16.0.1 192.168.1.1 198.18.0.1 fc00::1 fd12:3456::1
`);

/** The machine itself. */
const LOOPBACK = addressesOf(`
127.0.0.0/8 loopback: 127.0.0.0 127.255.255.255
127.0.0.0/8 as mapped: ::ffff:7f00:0 ::ffff:7fff:ffff
written otherwise: ::ffff:127.0.0.1 ::FFFF:127.0.0.1 0:0:0:0:0:ffff:127.0.0.1 0:0:0:0:0:0:0:1
written otherwise: 0000:0000:0000:0000:0000:0000:0000:0001
with a zone: ::1%lo ::ffff:127.0.0.1%lo
::1/128: ::1
within: 127.0.0.1 127.255.255.254
`);

/** Refused by both profiles. */
const REFUSED = addressesOf(`
0.0.0.0/8 this network: 0.0.0.0 0.255.255.255
100.100.100.200/32 metadata of Alibaba Cloud: 100.100.100.200
168.63.129.16/32 wire server of Azure: 168.63.129.16
169.254.0.0/16 link-local, metadata of clouds: 169.254.0.0 169.254.255.255
192.0.0.0/24 IETF protocol assignments: 192.0.0.0 192.0.0.255
224.0.0.0/4 multicast: 224.0.0.0 239.255.255.255 240.0.0.0
240.0.0.0/4 reserved: 255.255.255.255
::/96 IPv4-compatible, unspecified: :: ::ffff:ffff
::ffff:0:0/96 mapped IPv4: ::ffff:0:0 ::ffff:ffff:ffff
::ffff:0:0:0/96 translated IPv4 (SIIT): ::ffff:0:0:0 ::ffff:0:ffff:ffff
64:ff9b::/96 NAT64: 64:ff9b:: 64:ff9b::ffff:ffff
64:ff9b:1::/48 local NAT64: 64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
2001::/32 Teredo: 2001:: 2001:0:ffff:ffff:ffff:ffff:ffff:ffff
2002::/16 6to4: 2002:: 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
fd00:ec2::/32 metadata of AWS: fd00:ec2:: fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff
fd20:ce::254/128 metadata of Google: fd20:ce::254
fe80::/10 link-local: fe80:: febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff
fec0::/10 site-local, deprecated: ff00::
ff00::/8 multicast: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
0.0.0.0/8 as mapped: ::ffff:ff:ffff
0.0.0.0/8 as SIIT: ::ffff:0:ff:ffff
0.0.0.0/8 as NAT64: 64:ff9b::ff:ffff
0.0.0.0/8 as 6to4: 2002::7 2002:ff:ffff::7
0.0.0.0/8 as local NAT64: 64:ff9b:1::ff:ffff 64:ff9b:1::100:0
0.0.0.0/8 as compatible: ::ff:ffff ::100:0
10.0.0.0/8 as local NAT64: 64:ff9b:1::9ff:ffff 64:ff9b:1::a00:0 64:ff9b:1::aff:ffff 64:ff9b:1::b00:0
10.0.0.0/8 as compatible: ::9ff:ffff ::a00:0 ::aff:ffff ::b00:0
100.100.100.200/32 as mapped: ::ffff:6464:64c8
100.100.100.200/32 as SIIT: ::ffff:0:6464:64c8
100.100.100.200/32 as NAT64: 64:ff9b::6464:64c8
100.100.100.200/32 as 6to4: 2002:6464:64c8::7
100.100.100.200/32 as local NAT64: 64:ff9b:1::6464:64c7 64:ff9b:1::6464:64c8 64:ff9b:1::6464:64c9
100.100.100.200/32 as compatible: ::6464:64c7 ::6464:64c8 ::6464:64c9
127.0.0.0/8 as SIIT: ::ffff:0:7f00:0 ::ffff:0:7fff:ffff
127.0.0.0/8 as NAT64: 64:ff9b::7f00:0 64:ff9b::7fff:ffff
127.0.0.0/8 as 6to4: 2002:7f00::7 2002:7fff:ffff::7
127.0.0.0/8 as local NAT64: 64:ff9b:1::7eff:ffff 64:ff9b:1::7f00:0 64:ff9b:1::7fff:ffff 64:ff9b:1::8000:0
127.0.0.0/8 as compatible: ::7eff:ffff ::7f00:0 ::7fff:ffff ::8000:0
168.63.129.16/32 as mapped: ::ffff:a83f:8110
168.63.129.16/32 as SIIT: ::ffff:0:a83f:8110
168.63.129.16/32 as NAT64: 64:ff9b::a83f:8110
168.63.129.16/32 as 6to4: 2002:a83f:8110::7
168.63.129.16/32 as local NAT64: 64:ff9b:1::a83f:810f 64:ff9b:1::a83f:8110 64:ff9b:1::a83f:8111
168.63.129.16/32 as compatible: ::a83f:810f ::a83f:8110 ::a83f:8111
169.254.0.0/16 as mapped: ::ffff:a9fe:0 ::ffff:a9fe:ffff
169.254.0.0/16 as SIIT: ::ffff:0:a9fe:0 ::ffff:0:a9fe:ffff
169.254.0.0/16 as NAT64: 64:ff9b::a9fe:0 64:ff9b::a9fe:ffff
169.254.0.0/16 as 6to4: 2002:a9fe::7 2002:a9fe:ffff::7
169.254.0.0/16 as local NAT64: 64:ff9b:1::a9fd:ffff 64:ff9b:1::a9fe:0 64:ff9b:1::a9fe:ffff
169.254.0.0/16 as local NAT64: 64:ff9b:1::a9ff:0
169.254.0.0/16 as compatible: ::a9fd:ffff ::a9fe:0 ::a9fe:ffff ::a9ff:0
192.0.0.0/24 as mapped: ::ffff:c000:0 ::ffff:c000:ff
192.0.0.0/24 as SIIT: ::ffff:0:c000:0 ::ffff:0:c000:ff
192.0.0.0/24 as NAT64: 64:ff9b::c000:0 64:ff9b::c000:ff
192.0.0.0/24 as 6to4: 2002:c000::7 2002:c000:ff::7
192.0.0.0/24 as local NAT64: 64:ff9b:1::bfff:ffff 64:ff9b:1::c000:0 64:ff9b:1::c000:ff 64:ff9b:1::c000:100
192.0.0.0/24 as compatible: ::bfff:ffff ::c000:0 ::c000:ff ::c000:100
224.0.0.0/4 as mapped: ::ffff:e000:0 ::ffff:efff:ffff ::ffff:f000:0
224.0.0.0/4 as SIIT: ::ffff:0:e000:0 ::ffff:0:efff:ffff ::ffff:0:f000:0
224.0.0.0/4 as NAT64: 64:ff9b::e000:0 64:ff9b::efff:ffff 64:ff9b::f000:0
224.0.0.0/4 as 6to4: 2002:e000::7 2002:efff:ffff::7 2002:f000::7
224.0.0.0/4 as local NAT64: 64:ff9b:1::dfff:ffff 64:ff9b:1::e000:0 64:ff9b:1::efff:ffff 64:ff9b:1::f000:0
224.0.0.0/4 as compatible: ::dfff:ffff ::e000:0 ::efff:ffff ::f000:0
240.0.0.0/4 as 6to4: 2002:ffff:ffff::7
240.0.0.0/4 as local NAT64: 64:ff9b:1::ffff:ffff
written otherwise: ::127.0.0.1 ::8.8.8.8 0::8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:FF9B::7F00:1
written otherwise: FE80::1
with a zone: fe80::1%lo fe80::1%br-1a2b fe80::1%eth0.100
within: 169.254.169.254 192.0.0.192 224.0.0.1 fe80::1 ff02::1 ::ffff:a9fe:a9fe ::ffff:0:a9fe:a9fe
within: 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1::
`);

/** Names, and what some parsers take for `127.0.0.1`. */
const NO_ADDRESS = [
  ...'0177.0.0.1 0x7f.1 0x7f.0.0.1 127.1 127.0.1 2130706433 0x7f000001 017700000001 127.0.0.01'.split(' '),
  ...'127.0.0.1. 127.0.0.256 127.0.0.0/8 ::ffff:127.0.0.01 ::ffff:0x7f.0.0.1 ::1% [::1] ::1/128'.split(' '),
  ...'1::2::3 :::1 12345::1 fe80::1%eth/0 localhost payments.example １２７.0.0.1 127。0。0。1'.split(' '),
  ...['⑫7.0.0.1', 'no address', '', '127.0.0.1 ', ' 127.0.0.1', '127.0.0.1\0'],
];

describe('the guard of addresses', () => {
  it.each(PUBLIC)('lets %s pass', (address) => {
    expect(verdictsOn(address)).toEqual({ publicHost: 'passes', anyHost: 'passes' });
  });

  it.each(INTERNAL)('refuses %s where the host must be public', (address) => {
    expect(verdictsOn(address)).toEqual({ publicHost: 'refused', anyHost: 'passes' });
  });

  it.each(LOOPBACK)('takes %s for the machine itself', (address) => {
    expect(verdictsOn(address)).toEqual({ publicHost: 'refused', anyHost: 'loopback' });
  });

  it.each(REFUSED)('refuses %s always', (address) => {
    expect(verdictsOn(address)).toEqual({ publicHost: 'refused', anyHost: 'refused' });
  });

  it('forbids loopback in both profiles', () => {
    for (const address of LOOPBACK) expect(isForbiddenAddress(address, 'any-host')).toBe(true);
  });

  it.each(NO_ADDRESS)('takes %j for no address', (text) => {
    expect(isIP(text)).toBe(0);
    expect(verdictsOn(text)).toEqual({ publicHost: 'refused', anyHost: 'refused' });
  });

  it('judges a mapped IPv4 address as the IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const mapped = `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        expect(verdictsOn(mapped)).toEqual(verdictsOn(address));
        expect(verdictsOn(`::ffff:${address}`)).toEqual(verdictsOn(address));
      }),
    );
  });

  it('lets nothing pass for a public host that it refuses to any host', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const { publicHost, anyHost } = verdictsOn(address);
        if (anyHost !== 'passes') expect(publicHost).toBe('refused');
      }),
    );
  });
});

describe('a list of addresses and networks', () => {
  it.each([
    ['10.0.0.7', true],
    ['10.0.0.0/8', true],
    ['10.0.0.7/32', true],
    ['::1', true],
    ['2001:db8::/32', true],
    ['2001:db8::1/128', true],
    ['10.0.0.0/0', false],
    ['::/0', false],
    ['10.0.0.0/33', false],
    ['::/129', false],
    ['10.0.0.0/', false],
    ['10.0.0.0/08', false],
    ['10.0.0.0/8/8', false],
    ['010.0.0.1', false],
    ['10.1', false],
    ['fe80::1%eth0', false],
    ['proxy.example.com', false],
    ['', false],
  ])('takes %j: %s', (text, taken) => {
    expect(isAddressOrNetwork(text)).toBe(taken);
  });

  it.each([
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['::ffff:192.0.2.7', true],
    ['10.255.255.255', true],
    ['11.0.0.0', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['proxy.example.com', false],
    [undefined, false],
  ])('contains %j: %s', (address, contained) => {
    expect(addressMatcher(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32'])(address)).toBe(contained);
    expect(addressMatcher([])(address)).toBe(false);
  });
});
