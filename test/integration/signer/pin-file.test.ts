import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPinFile } from '../../../src/signer/pin-file.ts';
import { pinAsUser } from '../../support/pin-as-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder.path, 'pin');
});

afterEach(() => folder.remove());

function write(text: string, mode = 0o600): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

const refused = (flaw: string) =>
  expect.objectContaining({ code: 'invalid_config', message: `the PIN file ${file} ${flaw}` });

describe('the PIN file', () => {
  it.each([
    ['1234', '1234'],
    ['1234\n', '1234'],
    ['1234\r\n', '1234'],
    ['12 34 ', '12 34 '],
    ['1234\n\n', '1234\n'],
  ])('%j is the PIN %j', (text, pin) => {
    write(text);
    expect(readPinFile(file).pin.toString()).toBe(pin);
  });

  it('is known again by what it is, not by what it holds', () => {
    write('1234\n');
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    expect(readPinFile(file).identity).toEqual({
      inode: `${ino}`,
      size: `${size}`,
      mtimeNs: `${mtimeNs}`,
      ctimeNs: `${ctimeNs}`,
    });
  });

  it.each([0o640, 0o604, 0o660, 0o601])('is refused with mode %o', (mode) => {
    write('1234', mode);
    expect(() => readPinFile(file)).toThrow(refused('is open to group or others: chmod 600 it'));
  });

  it('is taken with mode 400', () => {
    write('1234', 0o400);
    expect(readPinFile(file).pin.toString()).toBe('1234');
  });

  it.each([
    ['', 'must hold 1 to 256 bytes'],
    ['\n', 'is empty'],
    ['x'.repeat(257), 'must hold 1 to 256 bytes'],
  ])('is refused where it holds %j', (text, flaw) => {
    write(text);
    expect(() => readPinFile(file)).toThrow(refused(flaw));
  });

  it('is refused where it is a folder, or not there', () => {
    expect(() => readPinFile(file)).toThrow(refused('cannot be opened'));
    mkdirSync(file, { mode: 0o700 });
    expect(() => readPinFile(file)).toThrow(refused('is not a regular file'));
  });
});

const ACL = Buffer.alloc(44);
ACL.writeUInt32LE(2);
/** Owner and the user may read, the owning group and others not; acl(5), as Linux keeps it. */
const entries = (user: number) => [
  [0x01, 4, -1],
  [0x02, 4, user],
  [0x04, 0, -1],
  [0x10, 4, -1],
  [0x20, 0, -1],
];

/** setfacl -m u:USER:r, which is not installed everywhere. */
function allow(user: number): void {
  for (const [at, [tag = 0, permissions = 0, id = 0]] of entries(user).entries()) {
    ACL.writeUInt16LE(tag, 4 + 8 * at);
    ACL.writeUInt16LE(permissions, 6 + 8 * at);
    ACL.writeInt32LE(id, 8 + 8 * at);
  }
  const script =
    'import os, sys; os.setxattr(sys.argv[1], "system.posix_acl_access", bytes.fromhex(sys.argv[2]))';
  const { status, stderr } = spawnSync('python3', ['-c', script, file, ACL.toString('hex')]);
  if (status !== 0) throw new Error(String(stderr));
}

describe.runIf(process.getuid?.() === 0)('a PIN file that a service manager mounts', () => {
  const service = { uid: 61_001, gid: 61_001, groups: [61_001, 61_002] };
  const mounted = (mode: number, gid: number) => {
    write('1234\n', mode);
    chownSync(file, 0, gid);
    chmodSync(folder.path, 0o711);
  };

  it('is taken as systemd mounts it: root’s, and an ACL names the user', () => {
    mounted(0o400, 0);
    expect(pinAsUser(service, file)).toBe(`the PIN file ${file} cannot be opened`);
    allow(service.uid);
    expect(statSync(file).mode & 0o777).toBe(0o440);
    expect(pinAsUser(service, file)).toBe('1234');
    expect(readPinFile(file).pin.toString()).toBe('1234');
  });

  it.each([0o440, 0o640])('is taken as Kubernetes mounts it with fsGroup, mode %o', (mode) => {
    mounted(mode, 61_002);
    expect(pinAsUser(service, file)).toBe('1234');
    expect(pinAsUser({ uid: 0, gid: 0, groups: [0, 61_002] }, file)).toBe('1234');
  });

  it.each([
    ['everybody can read it', 0o444, 61_002, 'is open to everybody: chmod o= it'],
    ['its group can write it', 0o460, 61_002, 'is open to more than reading by its group: chmod g=r it'],
  ])('is refused where %s, and the advice leaves the service its access', (_, mode, gid, flaw) => {
    mounted(mode, gid);
    expect(pinAsUser(service, file)).toBe(`the PIN file ${file} ${flaw}`);
    const command = flaw.replace(/^.*chmod (.*) it$/, '$1');
    spawnSync('chmod', [command, file]);
    expect(pinAsUser(service, file)).toBe('1234');
  });

  it('is refused where a group can read it that is not the service’s, beside the ACL', () => {
    mounted(0o400, 61_003);
    allow(service.uid);
    const flaw = 'can be read by the group 61003, which the service is not in: chgrp root it';
    expect(pinAsUser(service, file)).toBe(`the PIN file ${file} ${flaw}`);
    spawnSync('chgrp', ['root', file]);
    expect(pinAsUser(service, file)).toBe('1234');
  });

  it('is refused where it is the service’s own and open to a group', () => {
    mounted(0o640, 61_002);
    chownSync(file, service.uid, 61_002);
    expect(pinAsUser(service, file)).toBe(`the PIN file ${file} is open to group or others: chmod 600 it`);
  });

  it('is refused where it belongs to a third user', () => {
    mounted(0o640, 61_002);
    chownSync(file, 61_004, 61_002);
    const flaw = 'belongs to another user: chown it to the one that runs the service';
    expect(pinAsUser(service, file)).toBe(`the PIN file ${file} ${flaw}`);
  });
});
