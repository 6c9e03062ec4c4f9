import { ckrName } from './ckr.ts';

/** A return value other than CKR_OK, with the function that gave it. */
export class CryptokiError extends Error {
  override readonly name = 'CryptokiError';
  readonly call: string;
  readonly ckr: number;

  constructor(call: string, ckr: number) {
    super(`${call}: ${ckrName(ckr)}`);
    this.call = call;
    this.ckr = ckr;
  }
}

/**
 * Runs one call of pkcs11js. Some of its functions throw errors with the number in `code`, others with the
 * number after the last colon of the text; nothing else of the text is read.
 */
export function calling<T>(call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw translated(call, error);
  }
}

/** The same for a call that answers later. */
export async function awaiting<T>(call: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translated(call, error);
  }
}

function translated(call: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TypeError) return error;
  const ckr = codeOf(error) ?? numberAfterLastColon(error.message);
  return ckr === undefined ? error : new CryptokiError(call, ckr);
}

function codeOf(error: Error): number | undefined {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'number' && code > 0 ? code : undefined;
}

function numberAfterLastColon(text: string): number | undefined {
  const digits = /:(\d+)$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
