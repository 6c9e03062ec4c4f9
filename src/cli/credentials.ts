import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exposureOf } from '../lib/secret-file.ts';
import type { Context } from './context.ts';
import { chosenContext } from './contexts.ts';
import { usageFailure } from './failure.ts';
import { readInput } from './input-file.ts';

/** What a file with an operator credential holds. */
interface StoredCredential {
  readonly credential: string;
  /** Scheme, host and port of the operations plane: the credential is sent nowhere else. */
  readonly origin: string;
}

const ORIGIN_LINE = /^origin[ \t]+(\S+)$/;

/** The text of a new file, without its last line end. */
export function credentialFileText({ credential, origin }: StoredCredential): string {
  return `${credential}\norigin ${origin}`;
}

/** A credential and a line with its origin, or `credentials.json`. A usage failure says what `file` lacks. */
export function parseCredentialFile(text: string, file: string): StoredCredential {
  if (text.startsWith('{')) return fromJson(text, file);
  const [credential = '', ...lines] = text.split('\n').map((line) => line.trim());
  refuseOther(credential, file);
  const origins = lines.flatMap((line) => ORIGIN_LINE.exec(line)?.[1] ?? []);
  if (origins.length > 1) throw usageFailure(`${file} names more than one origin`);
  return { credential, origin: originIn(origins[0], file, 'the line: origin https://host:port') };
}

/** What else lies about in files, each by how it begins. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^kw_svc_/, 'the credential of a client (kw_svc_…), which opens the data plane alone'],
  [/^kw_ops_/, 'the credential of an operator (kw_ops_…), which opens the operations plane alone'],
  [/^kw_pin_/, 'the PIN of an HSM token'],
  [/^ey[\w-]+\.[\w-]*\./, 'a token'],
  [/^-----BEGIN /, 'a key or a certificate in PEM'],
  [/^$/, 'nothing'],
];

/** What a line holds in place of the credential that was wanted, as far as that is known. */
export function foreignCredential(line: string): string | undefined {
  return OTHERS.find(([form]) => form.test(line))?.[1];
}

function refuseOther(credential: string, file: string): void {
  const found = foreignCredential(credential);
  if (found === undefined || credential.startsWith('kw_ops_')) return;
  throw usageFailure(`${file} holds ${found}; operations take the credential of an operator (kw_ops_…)`);
}

function fromJson(text: string, file: string): StoredCredential {
  const { operator, operations_origin } = membersOf(text, file);
  if (typeof operator !== 'string') throw usageFailure(`${file} names no operator`);
  return {
    credential: operator,
    origin: originIn(operations_origin, file, 'the member "operations_origin": "https://host:port"'),
  };
}

function originIn(origin: unknown, file: string, wanted: string): string {
  if (origin === undefined) {
    throw usageFailure(
      `${file} does not say which service its credential is for; if you know that it is yours, add ${wanted}`,
    );
  }
  if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw usageFailure(`${file}: the origin is a scheme, a host and a port alone, such as https://host:9090`);
  }
  return origin;
}

function membersOf(text: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw usageFailure(`${file} is not JSON`);
  }
}

/** With the file that it was read from. */
interface OperatorCredential extends StoredCredential {
  readonly file: string;
}

/**
 * The operator credential, always from a file: the one that was named, else beside the configuration
 * `credentials.json`'s operator or `operator`.
 */
export function operatorCredential(context: Context): OperatorCredential {
  const chosen = chosenContext(context);
  if (chosen && !existsSync(chosen.credential_file)) {
    throw usageFailure(`context ${chosen.name}: its credential file ${chosen.credential_file} is gone`);
  }
  const folder = dirname(context.configFile);
  const named =
    chosen?.credential_file ?? context.options.credentialFile ?? context.environment.credentialFile;
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
