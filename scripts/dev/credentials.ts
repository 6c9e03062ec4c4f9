import type { Places } from './places.ts';
import { readIfThere, writeSecret } from './secret-file.ts';

/** `credentials.json`, as everything that uses the development service reads it. */
export interface Credentials {
  readonly operator: string;
  /** Where the operator's credential may be sent. */
  readonly operations_origin: string;
  readonly scopes: Readonly<Record<string, { readonly sign?: string; readonly verify?: string }>>;
}

export function readCredentials(places: Places): Credentials | undefined {
  const text = readIfThere(places.credentials);
  return text === undefined ? undefined : (JSON.parse(text) as Credentials);
}

export function writeCredentials(places: Places, credentials: Credentials): void {
  writeSecret(places.credentials, `${JSON.stringify(credentials, null, 2)}\n`);
}
