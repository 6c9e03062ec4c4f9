/** What to look for, in the forms in which a process may hold it. */
export interface Needle {
  readonly name: string;
  readonly forms: Readonly<Record<string, Buffer>>;
}

export function textNeedle(name: string, text: string): Needle {
  const bytes = Buffer.from(text);
  return {
    name,
    forms: {
      'UTF-8': bytes,
      'UTF-16': Buffer.from(text, 'utf16le'),
      hex: Buffer.from(bytes.toString('hex')),
      ...base64Forms(bytes),
    },
  };
}

/** A private number, big-endian: OpenSSL holds it the other way round. */
export function keyNeedle(name: string, number: Buffer): Needle {
  return {
    name,
    forms: {
      bytes: number,
      reversed: Buffer.from(number).reverse(),
      hex: Buffer.from(number.toString('hex')),
      ...base64Forms(number),
    },
  };
}

/** As it stands in a longer text, wherever it begins there; without the letters that depend on its neighbours. */
function base64Forms(bytes: Buffer): Record<string, Buffer> {
  return Object.fromEntries(
    [0, 1, 2].map((before) => {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replaceAll('=', '');
      const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
      return [`base64+${before}`, Buffer.from(own)];
    }),
  );
}
