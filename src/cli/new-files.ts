import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import type { CredentialKind } from '../kernel/actor.ts';
import { makeCredential, readCredential } from '../kernel/credential.ts';
import { credentialFileText } from './credentials.ts';
import { CommandFailure, EXIT, usageFailure } from './failure.ts';
import { readInput } from './input-file.ts';

/** A usage failure where it is there already: for what takes long before it is written. */
export function refuseExisting(file: string): void {
  if (existsSync(file)) throw usageFailure(exists(file));
}

/** Its descriptor; a usage failure where it is there already, so that nothing is ever overwritten. */
function createFile(file: string, mode: number): number {
  try {
    return openSync(file, 'wx', mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageFailure(code === 'EEXIST' ? exists(file) : `${file} cannot be made (${code})`);
  }
}

/** For what everybody may read. */
export function writeNewFile(file: string, text: string): void {
  const descriptor = createFile(file, 0o644);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function exists(file: string): string {
  return `${file} exists; it is not overwritten`;
}

/**
 * Makes the files, 0600, before `obtain` is asked for the secrets, one for each: a credential that could not be
 * stored would be lost. An existing file is never overwritten, and none stays where there is no secret.
 */
export async function intoSecretFiles<T>(
  files: readonly string[],
  obtain: () => Promise<{ secrets: readonly (string | null)[]; result: T }>,
): Promise<T> {
  const made: { readonly file: string; readonly descriptor: number }[] = [];
  try {
    for (const file of files) made.push({ file, descriptor: createSecretFile(file) });
    const { secrets, result } = await obtain();
    for (const [index, { file, descriptor }] of made.entries()) {
      const secret = secrets[index] ?? null;
      if (secret === null) rmSync(file);
      else writeSync(descriptor, `${secret}\n`);
    }
    return result;
  } catch (error) {
    for (const { file } of made) rmSync(file, { force: true });
    throw error;
  } finally {
    for (const { descriptor } of made) closeSync(descriptor);
  }
}

export function intoSecretFile<T>(
  file: string,
  obtain: () => Promise<{ secret: string | null; result: T }>,
): Promise<T> {
  return intoSecretFiles([file], async () => {
    const { secret, result } = await obtain();
    return { secrets: [secret], result };
  });
}

export function createSecretFile(file: string): number {
  return createFile(file, 0o600);
}

/**
 * Makes a credential here, in a new file (0600), and hands on its digest: all that ever leaves this machine. The
 * file goes only where the service has refused: a proposal may make the credential good later, and of a call
 * without an answer nobody knows what came of it.
 */
export async function withNewCredential<T>(
  kind: CredentialKind,
  file: string,
  use: (credentialDigest: string) => Promise<T>,
  origin?: string,
): Promise<T> {
  const digest = storeCredential(kind, file, origin);
  try {
    return await use(digest);
  } catch (error) {
    if (error instanceof CommandFailure && error.exitCode === EXIT.failed) rmSync(file);
    throw error;
  }
}

/** Answers the digest, base64url. An operator's credential is stored with the origin that it is for. */
export function storeCredential(kind: CredentialKind, file: string, origin?: string): string {
  const descriptor = createSecretFile(file);
  try {
    const { text, digest } = makeCredential(kind);
    writeSync(
      descriptor,
      `${origin === undefined ? text : credentialFileText({ credential: text, origin })}\n`,
    );
    return digest.toString('base64url');
  } finally {
    closeSync(descriptor);
  }
}

/** Of the credential that an earlier call left in the file; undefined where there is none of that kind. */
export function storedDigest(kind: CredentialKind, file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const credential = readCredential(readInput(file).trim());
  if (credential === 'malformed' || credential.kind !== kind) return undefined;
  return credential.digest.toString('base64url');
}
