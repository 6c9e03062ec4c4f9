// Loads a module and makes the calls its parent asks for: a module's state belongs to a whole process, and
// some of what the tests do to it ends the process.
import pkcs11js from 'pkcs11js';

interface Call {
  readonly id: number;
  readonly name: string;
  readonly takes: readonly unknown[];
}

const cryptoki = new pkcs11js.PKCS11();

async function perform({ id, name, takes }: Call): Promise<void> {
  try {
    const method: unknown = Reflect.get(cryptoki, name);
    if (typeof method !== 'function') throw new TypeError(`${name} is no function of PKCS#11`);
    reply({ id, gives: await method.apply(cryptoki, takes) });
  } catch (error) {
    const { code } = error as { code?: number };
    reply({ id, failure: { code: code ?? null, message: String(error) } });
  }
}

function reply(message: object): void {
  process.send?.(message, (error: Error | null) => error && process.exit(1));
}

process.on('message', (call: Call) => void perform(call));
process.on('disconnect', () => process.exit(0));
