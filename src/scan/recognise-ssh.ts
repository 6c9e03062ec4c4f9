import type { Recogniser, Sight } from './finding.ts';

const LINE_END = String.raw`(?:\r?\n|(?:\\{1,8}r)?\\{1,8}n)`;
const PUTTY = new RegExp(
  String.raw`PuTTY-User-Key-File-[1-3]: ([\w@.-]{1,64})${LINE_END}Encryption: ([\w-]{1,32})${LINE_END}`,
  'g',
);
const SSH2 = /---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----/g;
/** Comment and public key stand before the private lines: those of the largest RSA keys take 3 KiB. */
const PRIVATE_LINES = /Private-Lines: [1-9]/;
const LOOKED_AT = 8_192;
/** The body, behind headers: the magic number 0x3f6ff9eb, a length, the type of the key and its cipher, in base64. */
const SSH2_BODY = /P2\/56[A-Za-z0-9+/=\s]{20,600}/;
const SSH2_TYPE_AT = 8;

/** Private keys in the forms of PuTTY (`.ppk`, versions 1 to 3) and of SSH Communications' SSH2. */
export const sshKeys: Recogniser = {
  needles: ['PuTTY-User-Key-File-', '---- BEGIN SSH2 '],
  *find(text) {
    for (const { 0: all, 1: type = '', 2: cipher, index: at } of text.matchAll(PUTTY)) {
      const behind = text.slice(at + all.length, at + all.length + LOOKED_AT);
      if (!PRIVATE_LINES.test(behind)) continue;
      yield { at, sight: key('putty', `PuTTY ${type}`, cipher !== 'none', all + behind.slice(0, 512)) };
    }
    for (const { 0: begin, index: at } of text.matchAll(SSH2)) {
      const [body] = SSH2_BODY.exec(text.slice(at + begin.length, at + begin.length + LOOKED_AT)) ?? [];
      if (body === undefined) continue;
      yield { at, sight: key('ssh2', 'SSH2', cipherOf(Buffer.from(body, 'base64')) !== 'none', body) };
    }
  },
};

function key(format: 'putty' | 'ssh2', label: string, encrypted: boolean, secret: string): Sight {
  return { kind: 'private_key', format, label, encrypted, secret };
}

function cipherOf(body: Buffer): string | undefined {
  const cipherAt = SSH2_TYPE_AT + 4 + lengthAt(body, SSH2_TYPE_AT);
  const start = cipherAt + 4;
  return body.toString('latin1', start, start + lengthAt(body, cipherAt));
}

function lengthAt(body: Buffer, at: number): number {
  return at + 4 <= body.length ? body.readUInt32BE(at) : 0;
}
