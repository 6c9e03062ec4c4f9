import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exposureOf } from '../lib/secret-file.ts';
import type { Context } from './context.ts';
import { parseCredentialFile, type StoredCredential } from './credential-file.ts';
import { usageFailure } from './failure.ts';
import { readInput } from './input-file.ts';

/** With the file that it was read from. */
export interface OperatorCredential extends StoredCredential {
  readonly file: string;
}

/**
 * The operator credential, always from a file: the one that was named, else beside the configuration
 * `credentials.json`'s operator or `operator`.
 */
export function operatorCredential(context: Context): OperatorCredential {
  const folder = dirname(context.configFile);
  const named = context.options.credentialFile ?? context.environment.credentialFile;
  const candidates = named ? [named] : [join(folder, 'credentials.json'), join(folder, 'operator')];
  for (const file of candidates) {
    if (!existsSync(file)) continue;
    const text = readInput(file).trim();
    const exposure = exposureOf(statSync(file));
    if (exposure) context.terminal.warn(`${file} ${exposure.flaw}: ${exposure.mend} ${file}`);
    return { ...parseCredentialFile(text, file), file };
  }
  throw usageFailure(
    `no operator credential in ${candidates.join(' or ')}; name its file with --credential-file`,
  );
}
