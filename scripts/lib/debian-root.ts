import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const SOURCED = '. scripts/lib/say.sh; . scripts/lib/debian-root.sh';

/** A fresh Debian 12 in a new folder. */
export function debianRoot(name: string): string {
  return shell(`debian_root ${name} >&2; printf %s "$root"`);
}

export function removeDebianRoot(root: string): void {
  shell('root=$1; remove_debian_root', root);
}

function shell(script: string, ...argv: string[]): string {
  const all = ['-c', `set -euo pipefail; ${SOURCED}; ${script}`, 'bash', ...argv];
  return execFileSync('bash', all, { cwd: TOP, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
