type Format = 'gzip' | 'zstd' | 'zip' | 'tar' | 'unread';

interface Magic {
  readonly format: Format;
  readonly name: string;
  readonly at: number;
  readonly bytes: Buffer;
  /** For what is not unpacked: how it can be read nevertheless. */
  readonly instead?: string;
}

const magic = (format: Format, name: string, hex: string, at = 0): Magic => ({
  format,
  name,
  at,
  bytes: Buffer.from(hex, 'hex'),
});
const ofGit = (name: string, how: string, starts: readonly string[]): Magic[] =>
  starts.map((start) => ({
    ...magic('unread', name, Buffer.from(start, 'latin1').toString('hex')),
    instead: `${how}, then keyward scan --git`,
  }));

const MAGICS: readonly Magic[] = [
  magic('gzip', 'gzip', '1f8b08'),
  magic('zstd', 'zstd', '28b52ffd'),
  magic('zip', 'zip', '504b0304'),
  magic('zip', 'zip', '504b0506'),
  magic('tar', 'tar', Buffer.from('ustar').toString('hex'), 257),
  magic('unread', 'xz', 'fd377a585a00'),
  magic('unread', 'bzip2', '425a68'),
  magic('unread', '7-Zip', '377abcaf271c'),
  magic('unread', 'rar', '526172211a07'),
  ...[
    ['Java keystore', 'feedfeed000000'],
    ['JCE keystore', 'cececece000000'],
  ].map(([name = '', hex = '']) => ({
    ...magic('unread', name, hex),
    instead: 'convert it with keytool -importkeystore -deststoretype pkcs12',
  })),
  ...ofGit('git bundle', 'git clone --mirror', ['# v2 git bundle\n', '# v3 git bundle\n']),
  ...ofGit('git pack', 'git unpack-objects', ['PACK\0\0\0\x02', 'PACK\0\0\0\x03']),
];

/** So many bytes tell the format. */
export const HEAD_BYTES = 262;

/** The archive or compression that begins so; undefined for anything else. `unread`: known, but not unpacked. */
export function formatOf(head: Buffer): Magic | undefined {
  return MAGICS.find(({ at, bytes }) => head.subarray(at, at + bytes.length).equals(bytes));
}
