import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('link-as-user-child.ts', import.meta.url));

/** What becomes of a front of that user at the signer's socket: what its link tells first. For root alone. */
export function linkAsUser(
  as: { readonly uid: number; readonly gid: number },
  remote: { readonly socket: string; readonly user: string },
  sessions = 1,
): { readonly type: string; readonly why?: string } {
  const given = JSON.stringify({ socket: remote.socket, user: remote.user, sessions });
  const { stdout, stderr, status } = spawnSync(process.execPath, [CHILD, given], as);
  if (status !== 0) throw new Error(String(stderr));
  return JSON.parse(String(stdout));
}
