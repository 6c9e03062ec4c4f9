import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { BadFrame, FrameReader, frameOf } from '../../../../src/signer/wire/frames.ts';
import { frontMessageIn, greetingIn } from '../../../../src/signer/wire/from-front.ts';
import { fromWire, toWire } from '../../../../src/signer/wire/from-signer.ts';

/** What comes out of the pieces, and whether the reader refused them in the end. */
function read(pieces: readonly Uint8Array[], limit?: number) {
  const messages: unknown[] = [];
  const reader = new FrameReader((message) => messages.push(message), limit);
  try {
    for (const piece of pieces) reader.push(Buffer.from(piece));
    return { messages, refused: undefined };
  } catch (error) {
    if (!(error instanceof BadFrame)) throw error;
    return { messages, refused: error.message };
  }
}

const raw = (text: string) => {
  const body = Buffer.from(text);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
};

describe('frames', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 5 }), { maxLength: 8 }),
        fc.array(fc.nat(64)),
        (given, cuts) => {
          const bytes = Buffer.concat(given.map(frameOf));
          const pieces: Buffer[] = [];
          let at = 0;
          for (const length of cuts) {
            pieces.push(bytes.subarray(at, at + length));
            at += length;
          }
          pieces.push(bytes.subarray(at));
          const { messages, refused } = read(pieces);
          expect(refused).toBeUndefined();
          expect(messages).toEqual(given.map((each) => JSON.parse(JSON.stringify(each))));
        },
      ),
    );
  });

  it('that come byte by byte are copied to few buffers, and no piece is kept', () => {
    const message = 'x'.repeat(1 << 20);
    const messages: unknown[] = [];
    const reader = new FrameReader((each) => messages.push(each));
    const made = [vi.spyOn(Buffer, 'alloc'), vi.spyOn(Buffer, 'concat')];
    const piece = Buffer.from([0]);
    for (const byte of frameOf(message)) {
      piece[0] = byte;
      reader.push(piece);
    }
    const buffers = made.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    vi.restoreAllMocks();
    expect(messages).toEqual([message]);
    expect(buffers).toBeLessThan(30);
  });

  it('that are announced and do not come take no memory', () => {
    const made = [vi.spyOn(Buffer, 'alloc'), vi.spyOn(Buffer, 'allocUnsafe')];
    read([Buffer.from([4, 0, 0, 0]), Buffer.from('"'), Buffer.from('begun')]);
    const bytes = made.flatMap(({ mock }) => mock.calls).reduce((sum, [size]) => sum + size, 0);
    vi.restoreAllMocks();
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(64);
  });

  it('of any bytes are read or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (pieces) => {
        read(pieces, 1_000);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['an empty one', Buffer.alloc(4), 'a frame of 0 bytes'],
    ['one beyond the limit, before its bytes come', Buffer.from([0, 0, 4, 1]), 'a frame of 1025 bytes'],
    ['no JSON', raw('{'), 'a frame that is no JSON'],
    ['two values', raw('{} {}'), 'a frame that is no JSON'],
    ['no UTF-8', Buffer.from([0, 0, 0, 3, 0x22, 0xff, 0x22]), 'a frame that is no JSON'],
    ['a byte order mark', raw('\ufeff{}'), 'a frame that is no JSON'],
    ['thirteen levels', raw('['.repeat(13) + ']'.repeat(13)), 'a frame that nests too deep'],
    ['levels without end', raw('{"a":'.repeat(200)), 'a frame that nests too deep'],
  ])('%s is refused', (_, bytes, message) => {
    expect(read([bytes], 1_024)).toEqual({ messages: [], refused: message });
  });

  it.each([
    ['the largest', raw(`"${'x'.repeat(1_022)}"`)],
    ['twelve levels', raw('['.repeat(12) + ']'.repeat(12))],
    ['brackets in text', raw(`"${'[{'.repeat(40)}"`)],
    ['brackets behind a quote that is escaped', raw(`"\\"${'['.repeat(40)}"`)],
  ])('%s is read', (_, bytes) => {
    expect(read([bytes], 1_024)).toMatchObject({ refused: undefined, messages: [expect.anything()] });
  });
});

const KEY = { kid: 'k', hsmId: '00', bindingRecord: 'a.b.c' };
const REQUESTS = [
  {
    id: 1,
    op: 'open',
    takes: { sessions: 4, otherBindingKeys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] },
  },
  {
    id: 2,
    op: 'sign',
    takes: [
      ['k', 'a.b'],
      ['k', 'a.b', ['r']],
    ],
  },
  { id: 3, op: 'generate', takes: { hsmId: '00', label: 'kw1.x', algorithm: 'RS256', modulusBits: 2048 } },
  { id: 4, op: 'trial', takes: { algorithm: 'ES256', modulusBits: null } },
  { id: 5, op: 'serve', takes: [KEY] },
  { id: 6, op: 'prove', takes: { key: KEY, nonce: 'nonce-of-8' } },
  { id: 7, op: 'inventory', takes: null },
  { id: 8, op: 'discard', takes: { hsmId: '00' } },
  { id: 9, op: 'destroy', takes: { hsmId: '00', kid: 'k', bindingRecord: null } },
  { id: 10, op: 'sealed', takes: { checkpoint: null, head: 'a.b.c' } },
  { id: 11, op: 'describe', takes: null },
  { id: 12, op: 'report', takes: null },
  { id: 13, op: 'serveAlso', takes: [KEY] },
  { id: 14, op: 'release', takes: ['00'] },
] as const;

describe('what a front says', () => {
  it.each([
    { start: 1, sessions: 4 },
    { leave: 1 },
    { kill: 1 },
    ...REQUESTS.map((request) => ({ to: 1, request })),
  ])('%j is taken', (message) => {
    expect(frontMessageIn(message)).toEqual(message);
  });

  it.each([
    ['an operation that there is not', { to: 1, request: { id: 1, op: 'constructor', takes: null } }],
    [
      'a path with the opening',
      { to: 1, request: { ...REQUESTS[0], takes: { ...REQUESTS[0].takes, module: '/m' } } },
    ],
    ['one member too many', { kill: 1, why: 'x' }],
    ['two messages in one', { kill: 1, leave: 2 }],
    ['a process of no number', { start: '1', sessions: 4 }],
    ['no sessions', { start: 1, sessions: 0 }],
    ['more sessions than a token has', { start: 1, sessions: 1_025 }],
    ['a signing input that is bytes', { to: 1, request: { id: 1, op: 'sign', takes: [['k', [1, 2]]] } }],
    ['keys that are no list', { to: 1, request: { id: 1, op: 'serve', takes: { length: 1 } } }],
    ['keys to be released that are no names', { to: 1, request: { id: 1, op: 'release', takes: [KEY] } }],
    ['a key that is nothing', { to: 1, request: { id: 1, op: 'serve', takes: [null] } }],
    [
      'an algorithm of its own',
      { to: 1, request: { ...REQUESTS[3], takes: { algorithm: 'none', modulusBits: null } } },
    ],
    ['a member that names the prototype', JSON.parse('{"kill":1,"__proto__":{}}')],
  ])('%s is not', (_, message) => {
    expect(frontMessageIn(message)).toBeUndefined();
  });

  it('of any JSON is a message or none', () => {
    const almost = fc.record(
      {
        to: fc.jsonValue(),
        start: fc.jsonValue(),
        sessions: fc.jsonValue(),
        request: fc.jsonValue(),
        kill: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const request = fc.record({
      to: fc.nat(),
      request: fc.record({
        id: fc.oneof(fc.nat(), fc.jsonValue()),
        op: fc.constantFrom(...REQUESTS.map(({ op }) => op)),
        takes: fc.oneof(fc.jsonValue(), fc.constantFrom(...REQUESTS.map(({ takes }) => takes))),
      }),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), almost, request), (message) => {
        const taken = frontMessageIn(message);
        if (taken) expect(taken).toEqual(message);
      }),
      { numRuns: 2_000 },
    );
  });

  it('begins with a greeting that names version and token', () => {
    expect(greetingIn({ hello: 1, token: 'primary' })).toBe('primary');
    for (const wrong of [{ hello: 2, token: 'primary' }, { hello: 1 }, { hello: 1, token: '' }, null]) {
      expect(greetingIn(wrong)).toBeUndefined();
    }
  });
});

describe('what a signer says', () => {
  const crossed = (message: Parameters<typeof toWire>[0]) =>
    fromWire(JSON.parse(JSON.stringify(toWire(message))));

  it('keeps signatures as bytes', () => {
    const failure = { code: 'binding_refused', message: 'no' } as const;
    const gives = [new Uint8Array([0, 255, 1]), failure];
    expect(crossed({ from: 1, message: { id: 7, gives } })).toEqual({ from: 1, message: { id: 7, gives } });
  });

  it('is a message or none, of any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (message) => {
        expect([undefined, 'object']).toContain(typeof fromWire(message) === 'object' ? 'object' : undefined);
      }),
    );
  });

  it.each([
    ['a text for a signature that is no base64url', { from: 1, message: { id: 1, outcomes: ['+'] } }, ['+']],
    ['base64url', { from: 1, message: { id: 1, outcomes: ['AA'] } }, [new Uint8Array([0])]],
  ])('%s', (_, message, gives) => {
    expect(fromWire(message)).toEqual({ from: 1, message: { id: 1, gives } });
  });

  it.each([
    { started: 1 },
    { ended: 1 },
    { from: 'x', message: {} },
    { from: 1, message: { id: 1 } },
    { welcome: 2 },
  ])('%j is none', (message) => {
    expect(fromWire(message)).toBeUndefined();
  });
});
