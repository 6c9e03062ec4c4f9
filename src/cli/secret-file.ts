import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { usageFailure } from './failure.ts';

/**
 * Makes the file, 0600, before `obtain` is asked for the secret: a credential that could not be stored would be
 * lost. An existing file is never overwritten, and none stays where there is no secret.
 */
export async function intoSecretFile<T>(
  file: string,
  obtain: () => Promise<{ secret: string | null; result: T }>,
): Promise<T> {
  const descriptor = create(file);
  try {
    const { secret, result } = await obtain();
    if (secret === null) rmSync(file);
    else writeSync(descriptor, `${secret}\n`);
    return result;
  } catch (error) {
    rmSync(file);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function create(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageFailure(
      code === 'EEXIST' ? `${file} exists; it is not overwritten` : `${file} cannot be made (${code})`,
    );
  }
}
