import { closeSync, existsSync, rmSync, writeSync } from 'node:fs';
import type { CredentialKind } from '../domain/access-store.ts';
import { makeCredential, readCredential } from '../kernel/credential.ts';
import { credentialFileText } from './credential-file.ts';
import { CommandFailure, EXIT } from './failure.ts';
import { readInput } from './input-file.ts';
import { createSecretFile } from './secret-file.ts';

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
