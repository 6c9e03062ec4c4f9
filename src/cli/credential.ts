import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from './context.ts';
import { usageFailure } from './failure.ts';

/**
 * The operator credential, always from a file: the one that was named, else beside the configuration
 * `credentials.json`'s operator or `operator`.
 */
export function operatorCredential(context: Context): string {
  const folder = dirname(context.configFile);
  const named = context.options.credentialFile ?? context.environment.credentialFile;
  const candidates = named ? [named] : [join(folder, 'credentials.json'), join(folder, 'operator')];
  for (const file of candidates) {
    const credential = credentialIn(file);
    if (credential === undefined) continue;
    if (statSync(file).mode & 0o077) context.terminal.warn(`${file} is open to others: chmod 600 ${file}`);
    return credential;
  }
  throw usageFailure(
    `no operator credential in ${candidates.join(' or ')}; name its file with --credential-file`,
  );
}

function credentialIn(file: string): string | undefined {
  const text = read(file)?.trim();
  return text?.startsWith('{') ? operatorOf(text, file) : text;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw usageFailure(`${file} cannot be read (${code})`);
  }
}

function operatorOf(text: string, file: string): string {
  const operator = membersOf(text, file).operator;
  if (typeof operator !== 'string') throw usageFailure(`${file} names no operator`);
  return operator;
}

function membersOf(text: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw usageFailure(`${file} is not JSON`);
  }
}
