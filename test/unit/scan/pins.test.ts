import { describe, expect, it } from 'vitest';
import { makePin } from '../../../src/kernel/credential.ts';
import { exactPin, withoutPins } from '../../../src/scan/recognise-pin.ts';
import { places, scanned } from '../../support/plant.ts';

/** An exact PIN in every way of writing it that a scan knows: what stands before it, and its bytes. */
function writings(pin: string): [string, string, Buffer][] {
  const bytes = Buffer.from(pin);
  const little = Buffer.from(pin, 'utf16le');
  const big = Buffer.from(little).swap16();
  const hex = bytes.toString('hex');
  const pairs = hex.match(/../g) ?? [];
  const text = (value: string) => Buffer.from(value);
  const units = Array.from({ length: pin.length }, (_, at) =>
    pin.charCodeAt(at).toString(16).padStart(4, '0'),
  );
  return [
    ['as it is', 'pin=', bytes],
    ['in UTF-16, little endian', 'pin=', little],
    ['percent-encoded', '?pin=', text(encodeURIComponent(pin))],
    ['percent-encoded whole, in lower case', '?pin=', text(pairs.map((each) => `%${each}`).join(''))],
    ['as a form', 'pin=', text(new URLSearchParams({ p: pin }).toString().slice(2))],
    ['in JSON', '{"pin":"', text(JSON.stringify(pin).slice(1, -1))],
    ['in JSON within JSON', '{"a":"{\\"pin\\":\\"', text(JSON.stringify(JSON.stringify(pin)).slice(3, -3))],
    ['by numbers in JSON', '{"pin":"', text(units.map((each) => `\\u${each}`).join(''))],
    ['by numbers in C', 'char pin[] = "', text(pairs.map((each) => `\\x${each}`).join(''))],
    ['in XML', '<pin>', text(Array.from(pin, (char) => `&#${char.codePointAt(0)};`).join(''))],
    ['in hex', '0x', text(hex)],
    ['in hex, with colons and in capitals', '', text(pairs.join(':').toUpperCase())],
    ['as an array of bytes', '{', text(pairs.map((each) => `0x${each}`).join(', '))],
    ...[0, 1, 2].flatMap((before): [string, string, Buffer][] => {
      const around = Buffer.concat([Buffer.alloc(before, 'x'), bytes, Buffer.from('|')]);
      return [
        [`in base64, ${before} bytes into a group`, '', text(around.toString('base64'))],
        [`in base64url, ${before} bytes into a group`, '', text(around.toString('base64url'))],
      ];
    }),
    ['in base64 that is wrapped', '', text(bytes.toString('base64').replaceAll(/.{5}/g, '$&\r\n'))],
    ['in base64 of UTF-16', 'powershell -EncodedCommand ', text(little.toString('base64'))],
    ['in UTF-16, big endian', '', big],
    ['in hex within UTF-16', '', Buffer.from(`pin: ${hex}`, 'utf16le')],
  ];
}

const PINS = [
  '48213077',
  // Cut short before the | that follows it, its last byte differs in four bits alone.
  'kw_pin_ends_with_s',
  's3cr!t-PIN',
  makePin(),
  'a "quoted" \\PIN/ & <more>',
  'Schlüssel-€-🔑',
  '123456',
  '7391',
  'q\\\\m"z/',
];

describe.each(PINS)('the PIN of a file, %j', (pin) => {
  const exact = exactPin(Buffer.from(pin), 'pin');

  it.each(writings(pin))('is found %s', async (_, before, bytes) => {
    const found = await scanned(Buffer.concat([Buffer.from(before), bytes, Buffer.from('\n')]), {
      pins: [exact],
    });
    expect(found.map(({ sight }) => sight)).toEqual([
      { kind: 'pin', secret: Buffer.from(pin).toString('latin1'), file: 'pin' },
    ]);
  });

  it('is found where it begins', async () => {
    const found = await scanned(`first line\npin=${pin}`, { pins: [exact] });
    expect([places(found), found[0]?.line]).toEqual([['pin 15'], 2]);
  });

  it('is found exactly once, at its place, however the stream is cut', async () => {
    const bytes = Buffer.from(pin);
    for (const offset of [0, 1, 4_095, 4_096 - 3, 8_192, 12_000]) {
      const stream = Buffer.concat([Buffer.alloc(offset, 1), bytes, Buffer.alloc(9_000, 1)]);
      for (const chunks of [[1_000], [4_096, 7], [20_000]]) {
        const found = await scanned(stream, { pins: [exact], chunks, cut: { stretch: 4_096, reach: 8_192 } });
        expect(places(found)).toEqual([`pin ${offset}`]);
      }
    }
  });

  it('is not what differs in one character, or is cut short', async () => {
    const chars = Array.from(pin);
    for (const other of [[...chars.slice(0, -1), '\x01'], chars.slice(1), chars.slice(0, -1)]) {
      for (const [, before, bytes] of writings(other.join(''))) {
        expect(await scanned(Buffer.concat([Buffer.from(before), bytes]), { pins: [exact] })).toEqual([]);
      }
    }
  });

  it('is hidden in a name', () => {
    expect(withoutPins(`backup/${pin}.txt`, [exact])).toBe('backup/[PIN].txt');
    expect(withoutPins(`backup/${encodeURIComponent(pin)}`, [exact])).toBe('backup/[PIN]');
    expect(withoutPins('backup/ÄÖ-€.txt', [exact])).toBe('backup/ÄÖ-€.txt');
  });
});

it('finds the bytes of a PIN that is no UTF-8', async () => {
  const pin = Buffer.from('ff00fe8081c3', 'hex');
  for (const text of [pin, pin.toString('base64'), pin.toString('hex'), '%FF%00%FE%80%81%C3']) {
    expect(places(await scanned(text, { pins: [exactPin(pin, 'pin')] }))).toEqual(['pin 0']);
  }
});

describe('several PINs', () => {
  const pins = ['482130', '48213077', '3077abcd'].map((pin) => exactPin(Buffer.from(pin), `of ${pin}`));

  it('are each found, also where they share bytes, and each names its file', async () => {
    const found = await scanned('pin=48213077abcd\n482131', { pins });
    expect(found.map(({ offset, sight }) => [offset, sight])).toEqual([
      [4, { kind: 'pin', secret: '482130', file: 'of 482130' }],
      [4, { kind: 'pin', secret: '48213077', file: 'of 48213077' }],
      [8, { kind: 'pin', secret: '3077abcd', file: 'of 3077abcd' }],
    ]);
  });

  it('are hidden in a name whole, whichever comes first', () => {
    for (const order of [pins, pins.toReversed()]) {
      expect(withoutPins('a-48213077abcd-482130', order)).toBe('a-[PIN]-[PIN]');
      expect(withoutPins('a-48213077abc', order)).toBe('a-[PIN]abc');
      expect(withoutPins('a-48213', order)).toBe('a-48213');
    }
  });

  it('are found by their bytes alone where Keyward made them; another is found by its form', async () => {
    const [given, other] = [makePin(), makePin()];
    const found = await scanned(`${other} ${given}`, {
      pins: [...pins, exactPin(Buffer.from(given), 'given')],
    });
    expect(found.map(({ sight }) => sight)).toEqual([
      { kind: 'pin', secret: other, file: null },
      { kind: 'pin', secret: given, file: 'given' },
    ]);
  });
});

it('finds a PIN that Keyward made without being given it, also in UTF-16, and no look-alike', async () => {
  const pin = makePin();
  expect(places(await scanned(`HSM_PIN=${pin}\n`))).toEqual(['pin 8']);
  expect(places(await scanned(Buffer.from(`HSM_PIN=${pin}\n`, 'utf16le')))).toEqual(['pin 16']);
  expect(await scanned(`HSM_PIN=${pin.slice(0, -1)}-`)).toEqual([]);
  expect(await scanned(`HSM_PIN=kw_pin_${'0'.repeat(36)}`)).toEqual([]);
});

it.each(['\\'.repeat(1_000_000), '\\"'.repeat(300_000), '4\n'.repeat(500_000), '%34'.repeat(300_000)])(
  'reads what nearly is a PIN over and over to its end (%#)',
  async (text) => {
    for (const pin of ['48213077', '\\\\\\"\\']) {
      expect(await scanned(`${text}!`, { pins: [exactPin(Buffer.from(`${pin}?`), 'pin')] })).toEqual([]);
    }
  },
  60_000,
);
