import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { EXPANSION_LIMITS, type ExpansionLimits } from '../../../src/scan/finding.ts';
import { type Outcome, scanContent } from '../../../src/scan/scan-content.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { makeZip } from '../../support/make-zip.ts';
import { CREDENTIAL, inChunks, PEM } from '../../support/plant.ts';

interface Options {
  readonly limits?: Partial<ExpansionLimits>;
  readonly path?: string;
}

async function outcomes(bytes: Buffer, { limits, path }: Options = {}): Promise<Outcome[]> {
  const content = { name: 'a', bytes: inChunks(bytes, [7_000]), ...(path ? { path } : {}) };
  const all: Outcome[] = [];
  for await (const outcome of scanContent(content, {
    limits: { ...EXPANSION_LIMITS, ...limits },
  })) {
    all.push(outcome);
  }
  return all;
}

/** What was found and what was not read, in short. */
async function told(bytes: Buffer, options?: Options): Promise<string[]> {
  const all = await outcomes(bytes, options);
  return all.map((each) =>
    'found' in each
      ? `${each.place} ${each.found.sight.kind} ${each.found.offset}`
      : `${each.place}: ${each.skipped}`,
  );
}

async function makeTar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content));
  tar.finalize();
  return await bytesOf(tar);
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const zip = makeZip([
  { name: 'packed.pem', content: PEM.pkcs8 },
  { name: '../../up.txt', content: `x ${CREDENTIAL}`, stored: true },
  { name: 'nothing', content: '' },
]);
const inZip = ['packed.pem private_key 0', '../../up.txt credential 2'];

describe('archives', () => {
  it('are read as zip: from a file, and from memory within another', async () => {
    const path = join(folderOfTest(), 'a.zip');
    writeFileSync(path, zip);
    expect(await told(zip, { path })).toEqual(inZip.map((each) => `a!${each}`));
    expect(await told(zip)).toEqual(inZip.map((each) => `a!${each}`));
    const nested = makeZip([{ name: 'b.zip', content: zip }]);
    expect(await told(nested)).toEqual(inZip.map((each) => `a!b.zip!${each}`));
    expect(await told(gzipSync(await makeTar({ 'b.zip': zip })))).toEqual(
      inZip.map((each) => `a!a!b.zip!${each}`),
    );
  });

  it('are read as gzip of several members, zstd and tar', async () => {
    const members = Buffer.concat([gzipSync('nothing'), gzipSync(CREDENTIAL)]);
    expect(await told(members)).toEqual(['a!a credential 7']);
    expect(await told(zstdCompressSync(Buffer.from(CREDENTIAL)))).toEqual(['a!a credential 0']);
    const tar = await makeTar({ one: 'x', [`deep/${'long'.repeat(60)}/two`]: CREDENTIAL });
    expect(await told(tar)).toEqual([`a!deep/${'long'.repeat(60)}/two credential 0`]);
  });

  it('hide nothing in a zip beside what its directory lists', async () => {
    const hidden = makeCredential('svc').text;
    const unlisted = makeZip([
      { name: 'a', content: 'x' },
      { name: 'b', content: hidden, stored: true },
    ]);
    // One entry fewer in the directory, at its end.
    const [directory, end] = [unlisted.indexOf('PK\x01\x02'), unlisted.indexOf('PK\x05\x06')];
    const second = unlisted.indexOf('PK\x01\x02', directory + 1);
    const shorter = Buffer.concat([unlisted.subarray(0, second), unlisted.subarray(end)]);
    shorter.writeUInt16LE(1, second + 8);
    shorter.writeUInt16LE(1, second + 10);
    shorter.writeUInt32LE(second - directory, second + 12);
    expect(await told(shorter)).toEqual([`a credential ${unlisted.indexOf(hidden)}`]);
  });

  it('say of a gzip that something stands behind it', async () => {
    const behind = Buffer.concat([gzipSync(CREDENTIAL), Buffer.alloc(600)]);
    expect(await told(behind)).toEqual(['a!a credential 0', 'a: 600 bytes behind its end']);
    const text = Buffer.concat([gzipSync(CREDENTIAL), Buffer.from('behind')]);
    expect(await told(text)).toEqual(['a!a: not readable to its end: Z_DATA_ERROR']);
  });
});

describe('what stands in an archive beside the contents of its entries is found', () => {
  const packed = async (...entries: object[]) => {
    const tar = pack();
    for (const entry of entries) tar.entry(entry as never, '');
    tar.finalize();
    return await bytesOf(tar);
  };

  it.each([
    ['the name of an entry', { name: `etc/${CREDENTIAL}` }],
    ['a name of any length', { name: `${'long'.repeat(80)}/${CREDENTIAL}` }],
    ['where a link leads', { name: 'link', type: 'symlink', linkname: CREDENTIAL }],
    ['a comment', { name: 'x', pax: { comment: CREDENTIAL } }],
    ['the name of an owner', { name: 'x', uname: CREDENTIAL.slice(0, 31), pax: { uname: CREDENTIAL } }],
  ])('in a tar, as %s, also packed', async (_, entry) => {
    const tar = await packed({ name: 'before' }, entry);
    const found = `credential ${tar.indexOf(CREDENTIAL)}`;
    expect(await told(tar)).toEqual([`a ${found}`]);
    expect(await told(gzipSync(tar))).toEqual([`a!a ${found}`]);
  });

  it('in a tar, in its padding and behind its end', async () => {
    const tar = await makeTar({ one: 'x' });
    tar.write(CREDENTIAL, 600);
    expect(await told(tar)).toEqual(['a credential 600']);
    const behind = Buffer.concat([await makeTar({ one: 'x' }), Buffer.alloc(512)]);
    behind.write(CREDENTIAL, behind.length - 400);
    expect(await told(behind)).toContain(`a credential ${behind.length - 400}`);
  });

  it('in a gzip, as the name and the comment of each member', async () => {
    const flags = (bits: number, ...fields: string[]) => {
      const plain = gzipSync('nothing');
      plain[3] = bits;
      const texts = fields.map((field) => `${field}\0`).join('');
      return Buffer.concat([plain.subarray(0, 10), Buffer.from(texts), plain.subarray(10)]);
    };
    expect(await told(flags(0x08, CREDENTIAL))).toEqual(['a credential 10']);
    expect(await told(flags(0x18, 'name', CREDENTIAL))).toEqual(['a credential 15']);
    const second = Buffer.concat([gzipSync('nothing'), flags(0x08, CREDENTIAL)]);
    expect(await told(second)).toEqual([`a credential ${second.indexOf(CREDENTIAL)}`]);
  });

  it('in a zip, as the name of an entry', async () => {
    const named = makeZip([{ name: CREDENTIAL, content: 'x' }]);
    expect(new Set(await told(named))).toEqual(
      new Set([named.indexOf(CREDENTIAL), named.lastIndexOf(CREDENTIAL)].map((at) => `a credential ${at}`)),
    );
  });

  it('once: what an entry shows is not told again', async () => {
    const tar = await makeTar({ [CREDENTIAL]: CREDENTIAL, b: PEM.pkcs8 });
    expect(await told(tar)).toEqual([`a!${CREDENTIAL} credential 0`, 'a!b private_key 0']);
  });
});

describe('what cannot be read is said', () => {
  it('of entries that are encrypted', async () => {
    const locked = makeZip([
      { name: 'locked', content: CREDENTIAL, encrypted: true },
      { name: 'open', content: CREDENTIAL },
    ]);
    expect(await told(locked)).toEqual(['a!locked: it is encrypted', 'a!open credential 0']);
  });

  it('of archives that are cut short or broken, and the others go on', async () => {
    const cut = [
      zip.subarray(0, zip.length - 30),
      gzipSync(PEM.pkcs8).subarray(0, 60),
      zstdCompressSync(Buffer.alloc(9_999, 'x')).subarray(0, 12),
    ];
    for (const bytes of cut) {
      expect((await told(bytes)).filter((each) => each.includes('not readable to its end'))).toHaveLength(1);
    }
    const early = gzipSync(CREDENTIAL + 'x'.repeat(9_999));
    expect(await told(early.subarray(0, early.length - 12))).toEqual([
      'a!a credential 0',
      'a!a: not readable to its end: Z_BUF_ERROR',
    ]);
    const tar = await makeTar({ 'b.zip': zip.subarray(0, zip.length - 30), c: CREDENTIAL });
    const seen = await told(tar);
    expect(seen).toContain('a!c credential 0');
    expect(seen.some((each) => each.startsWith('a!b.zip: not readable to its end'))).toBe(true);
  });

  it('of junk that begins as an archive does', async () => {
    const junk = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7_919) % 256));
    for (const magic of ['1f8b08', '28b52ffd', '504b0304', 'fd377a585a00', '425a68']) {
      const seen = await told(Buffer.concat([Buffer.from(magic, 'hex'), junk]));
      expect([magic, seen.filter((each) => each.includes('credential'))]).toEqual([magic, []]);
      expect(seen.length).toBeGreaterThan(0);
    }
  });

  it('of formats that are not unpacked; what stands in them plainly is found', async () => {
    const seen = await told(Buffer.concat([Buffer.from('377abcaf271c', 'hex'), Buffer.from(CREDENTIAL)]));
    expect(seen).toEqual(['a: 7-Zip is not unpacked', 'a credential 6']);
  });
});

it('scans the bytes of a broken archive as they are, where it can read them again', async () => {
  const path = join(folderOfTest(), 'a');
  const stored = makeZip([{ name: 'b', content: CREDENTIAL, stored: true }]);
  const broken = stored.subarray(0, stored.length - 22);
  writeFileSync(path, broken);
  expect(await told(broken, { path })).toEqual([
    expect.stringMatching(/^a: not readable to its end/),
    `a credential ${broken.indexOf(CREDENTIAL)}`,
  ]);
  const notGzip = Buffer.concat([
    Buffer.from('1f8b08', 'hex'),
    Buffer.alloc(5_000, 'x'),
    Buffer.from(CREDENTIAL),
  ]);
  writeFileSync(path, notGzip);
  expect(await told(notGzip, { path })).toContain('a credential 5003');
});

it('ends, says what it could not read and throws nothing, whatever is changed in an archive', async () => {
  const samples = [
    zip,
    gzipSync(await makeTar({ 'b.zip': zip, c: CREDENTIAL })),
    await makeTar({ d: zip, e: 'x' }),
  ];
  const path = join(folderOfTest(), 'a');
  const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      fc.option(fc.nat()),
      fc.boolean(),
      async (sample, changes, cut, asFile) => {
        const bytes = Buffer.from(sample.subarray(0, cut === null ? undefined : cut % sample.length));
        for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        if (asFile) writeFileSync(path, bytes);
        await outcomes(bytes, asFile ? { path } : {});
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);

describe('bombs', () => {
  const zeros = Buffer.alloc(4 * 1024 * 1024);
  const small = { ratio: 50, ratioFromBytes: 1024 * 1024 };

  it('are given up by ratio: gzip, zstd and zip alike, and a file in proportion is not', async () => {
    const bomb = makeZip([
      { name: 'zeros', content: zeros },
      { name: 'key', content: CREDENTIAL },
    ]);
    for (const bytes of [gzipSync(zeros), zstdCompressSync(zeros)]) {
      expect(await told(bytes, { limits: small })).toEqual([
        'a!a: it unpacks to more than 50 times its size',
      ]);
    }
    expect(await told(bomb, { limits: small })).toEqual([
      'a!zeros: it unpacks to more than 50 times its size',
      'a!key credential 0',
    ]);
    expect(await told(bomb)).toEqual(['a!key credential 0']);
    expect(await told(gzipSync(zeros), { limits: { ...small, ratio: 5_000 } })).toEqual([]);
  });

  it('are given up by what they unpack to in all', async () => {
    const many = makeZip(['1', '2', '3'].map((name) => ({ name, content: zeros })));
    const seen = await told(many, { limits: { totalBytes: 2 * zeros.length } });
    expect(seen).toEqual([`a!3: it unpacks to more than ${2 * zeros.length} bytes`]);
  });

  it('are given up by depth and by the number of entries', async () => {
    let nested: Buffer = Buffer.from(CREDENTIAL);
    for (let level = 0; level < 6; level++) nested = gzipSync(nested);
    expect(await told(nested)).toEqual([`a${'!a'.repeat(6)}: archives are nested deeper than 5`]);
    const five = makeZip(['1', '2', '3', '4', '5'].map((name) => ({ name, content: CREDENTIAL })));
    const seen = await told(five, { limits: { entries: 3 } });
    expect(seen.slice(0, 2)).toEqual(['a!1 credential 0', 'a!2 credential 0']);
    expect(seen.slice(2).every((each) => each.endsWith('more than 3 entries'))).toBe(true);
  });

  it('are given up by a zip within another that would not fit into memory', async () => {
    const inner = makeZip([{ name: 'b', content: Buffer.alloc(10_000, 'b'), stored: true }]);
    const seen = await told(await makeTar({ 'b.zip': inner }), { limits: { heldBytes: 5_000 } });
    expect(seen).toEqual(['a!b.zip: a zip of more than 5000 bytes within something else']);
  });

  it('are given up by the headers of a tar, which it holds in memory', async () => {
    const tar = pack();
    const name = 'n'.repeat(90_000);
    tar.entry({ name, pax: { comment: 'c'.repeat(60_000) } } as never, 'x');
    tar.entry({ name: 'after' }, CREDENTIAL);
    tar.finalize();
    const bytes = await bytesOf(tar);
    expect(await told(bytes, { limits: { tarHeaderBytes: 20_000 } })).toEqual([
      'a: its headers take more than 20000 bytes',
    ]);
    expect(await told(bytes)).toEqual(['a!after credential 0']);
  });
});
