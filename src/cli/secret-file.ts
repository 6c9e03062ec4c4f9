import { closeSync, rmSync, writeSync } from 'node:fs';
import { createFile } from './new-files.ts';

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
