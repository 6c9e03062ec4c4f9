// Makes one token and ends. The PINs come as a message, never as an argument.
import { createToken } from '../../src/signer/create-token.ts';

interface Wanted {
  readonly modulePath: string;
  readonly label: string;
  readonly pin: string;
}

process.once('message', ({ modulePath, label, pin }: Wanted) => {
  process.send?.(made(modulePath, label, Buffer.from(pin)), () => process.disconnect());
});

function made(modulePath: string, label: string, pin: Buffer): object {
  try {
    return createToken({ modulePath, label, pin, soPin: Buffer.from('so-pin-of-tests') });
  } catch (error) {
    return { refused: String(error) };
  }
}
