// Becomes a user of few rights and reads a PIN file.
import { readPinFile } from '../../src/signer/pin-file.ts';

const [, , user = '', file = ''] = process.argv;
const { uid, gid, groups } = JSON.parse(user);
process.setgroups?.(groups);
process.setegid?.(gid);
process.setgid?.(gid);
process.setuid?.(uid);
try {
  process.stdout.write(readPinFile(file).pin.toString());
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
}
