// A process of its own, because SoftHSM reads SOFTHSM2_CONF when it is loaded. Arguments: module, label and PIN
// file; prints the new token's serial. The SO PIN is drawn and forgotten: a token whose PIN is lost is replaced.
import { makePin } from '../../src/kernel/credential.ts';
import { createToken } from '../../src/signer/create-token.ts';
import { forbidCoreDumps } from '../../src/signer/hygiene.ts';
import { readPinFile } from '../../src/signer/pin-file.ts';

const [modulePath = '', label = '', pinFile = ''] = process.argv.slice(2);
forbidCoreDumps();
const { pin } = readPinFile(pinFile);
const soPin = Buffer.from(makePin());
const { serial } = createToken({ modulePath, label, pin, soPin });
process.stdout.write(serial);
