import pkcs11js from 'pkcs11js';
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

/** A session's or object's handle as pkcs11js has it. Dead after this process (decision 0003). */
export type Handle = Buffer;

/** Only these types: a Date aborts the process, a BigInt segfaults it. */
export interface Attribute {
  readonly type: number;
  readonly value: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: pkcs11js.RsaPSS;
}

export interface HandlePair {
  readonly privateKey: Handle;
  readonly publicKey: Handle;
}

const SESSION_FLAGS = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;
const FIND_STEP = 512;
/** More than the allocator keeps ready of one size. */
const OVERWRITTEN_BLOCKS = 32;

/** The few functions of PKCS#11 that the signer calls. Each throws `CryptokiError`. */
export class Cryptoki {
  readonly #lib: pkcs11js.PKCS11;

  constructor(lib: pkcs11js.PKCS11) {
    this.#lib = lib;
  }

  /** Read-write, which some modules ask of every session. */
  openSession(slot: Handle): Handle {
    return calling('C_OpenSession', () => this.#lib.C_OpenSession(slot, SESSION_FLAGS));
  }

  closeSession(session: Handle): void {
    calling('C_CloseSession', () => this.#lib.C_CloseSession(session));
  }

  touchSession(session: Handle): void {
    calling('C_GetSessionInfo', () => this.#lib.C_GetSessionInfo(session));
  }

  /**
   * pkcs11js takes a string, which cannot be cleared, and frees a copy of it as it is: it is for the caller to
   * collect the one and overwrite the other.
   */
  login(session: Handle, pin: Buffer): void {
    calling('C_Login', () => this.#lib.C_Login(session, pkcs11js.CKU_USER, pin.toString('utf8')));
  }

  /**
   * Has pkcs11js take the memory again that it has freed of a string of so many bytes, and fill it with zeros: for a
   * search that finds nothing, and whether the module takes that search is no matter.
   */
  overwriteFreed(session: Handle, bytes: number): void {
    const zeros = { type: pkcs11js.CKA_LABEL, value: Buffer.alloc(bytes + 1) };
    try {
      this.find(session, Array<Attribute>(OVERWRITTEN_BLOCKS).fill(zeros));
    } catch (error) {
      if (!(error instanceof CryptokiError)) throw error;
    }
  }

  find(session: Handle, template: readonly Attribute[]): Handle[] {
    calling('C_FindObjectsInit', () => this.#lib.C_FindObjectsInit(session, copyOf(template)));
    try {
      return this.#findAll(session);
    } finally {
      calling('C_FindObjectsFinal', () => this.#lib.C_FindObjectsFinal(session));
    }
  }

  #findAll(session: Handle): Handle[] {
    const found: Handle[] = [];
    for (;;) {
      const step = calling('C_FindObjects', () => this.#lib.C_FindObjects(session, FIND_STEP));
      if (step.length === 0) return found;
      found.push(...step);
    }
  }

  /** One attribute a call, so that an answer is never about another one; undefined where it has no value. */
  attribute(session: Handle, object: Handle, type: number): Buffer | undefined {
    const [result] = calling('C_GetAttributeValue', () =>
      this.#lib.C_GetAttributeValue(session, object, [{ type }]),
    );
    return result?.value;
  }

  generateKeyPair(
    session: Handle,
    mechanism: number,
    templates: { publicKey: readonly Attribute[]; privateKey: readonly Attribute[] },
  ): Promise<HandlePair> {
    return awaiting('C_GenerateKeyPair', () =>
      this.#lib.C_GenerateKeyPairAsync(
        session,
        { mechanism },
        copyOf(templates.publicKey),
        copyOf(templates.privateKey),
      ),
    );
  }

  destroyObject(session: Handle, object: Handle): void {
    calling('C_DestroyObject', () => this.#lib.C_DestroyObject(session, object));
  }

  signSync(session: Handle, mechanism: Mechanism, key: Handle, input: Buffer, bytes: number): Buffer {
    calling('C_SignInit', () => this.#lib.C_SignInit(session, mechanism, key));
    return calling('C_Sign', () => this.#lib.C_Sign(session, input, Buffer.allocUnsafe(bytes)));
  }

  /**
   * `input` must be a buffer of its own (`Buffer.alloc`). The module reads it in another thread, so it is held
   * until the call has settled: clearing it afterwards is what keeps it from being collected (pkcs11js #121).
   */
  async signAsync(session: Handle, mechanism: Mechanism, key: Handle, input: Buffer, bytes: number) {
    calling('C_SignInit', () => this.#lib.C_SignInit(session, mechanism, key));
    const output = Buffer.alloc(bytes);
    try {
      return await awaiting('C_Sign', () => this.#lib.C_SignAsync(session, input, output));
    } finally {
      input.fill(0);
    }
  }
}

function copyOf(template: readonly Attribute[]): Attribute[] {
  return template.map((attribute) => ({ ...attribute }));
}
