import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('pin-as-user-child.ts', import.meta.url));

/** The PIN in the file as a process of that user reads it, or why it does not. For root alone. */
export function pinAsUser(
  user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] },
  file: string,
): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [CHILD, JSON.stringify(user), file]);
  if (status !== 0) throw new Error(String(stderr));
  return String(stdout);
}
