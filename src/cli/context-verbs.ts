import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from './context.ts';
import { chosenContext, type NamedService, named, readContexts, writeContexts } from './contexts.ts';
import { parseCredentialFile } from './credentials.ts';
import { usageFailure } from './failure.ts';
import { readAuthorities, readInput } from './input-file.ts';
import { parseUrl } from './operations-client.ts';
import { show } from './show.ts';
import { type Cell, fields, table } from './table.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What is bound fits: the credential is for that URL, and the CA file holds certificates alone. */
export function contextAdd(context: Context, name: string, { caFile }: { readonly caFile?: string }): void {
  const { url, credentialFile } = context.options;
  if (url === undefined || credentialFile === undefined)
    throw usageFailure('give --url and --credential-file');
  if (!NAME.test(name)) throw usageFailure('name: use lower-case letters, digits, dots, dashes; at most 63');
  const { contextsFile } = context.environment;
  const services = readContexts(contextsFile);
  if (services.contexts.some((each) => each.name === name)) {
    throw usageFailure(`there is a context ${name}; remove it first: keyward context remove ${name}`);
  }
  const { origin } = parseCredentialFile(readInput(credentialFile).trim(), credentialFile);
  if (parseUrl(url).origin !== origin) {
    throw usageFailure(`the credential in ${credentialFile} is for ${origin}, not for ${url}`);
  }
  if (caFile !== undefined) readAuthorities(caFile);
  const added: NamedService = {
    name,
    url,
    credential_file: resolve(credentialFile),
    ca_file: caFile === undefined ? null : resolve(caFile),
  };
  writeContexts(contextsFile, { ...services, contexts: [...services.contexts, added] });
  show(
    context,
    { context: added },
    () => `${describe(context, added)}\n\nUse it: keyward context use ${name}`,
  );
}

export function contextUse(context: Context, name: string): void {
  const { contextsFile, isConfigNamed, operationsUrl, credentialFile } = context.environment;
  const services = readContexts(contextsFile);
  const found = named(services.contexts, name, contextsFile);
  writeContexts(contextsFile, { ...services, current: name });
  show(context, { context: found }, () => describe(context, found));
  if (isConfigNamed || operationsUrl !== undefined || credentialFile !== undefined) {
    context.terminal.warn(
      'the environment names a service (KEYWARD_…), which goes before it; --context does not yield',
    );
  }
}

export function contextRemove(context: Context, name: string): void {
  const { contextsFile } = context.environment;
  const { current, contexts } = readContexts(contextsFile);
  const found = named(contexts, name, contextsFile);
  writeContexts(contextsFile, {
    current: current === name ? null : current,
    contexts: contexts.filter((each) => each !== found),
  });
  show(context, { context: found }, () => `context ${name} is removed; its files are where they were`);
}

export function contextList(context: Context): void {
  const { contexts } = readContexts(context.environment.contextsFile);
  const chosen = chosenContext(context)?.name;
  const told = contexts.map((each) => ({
    ...each,
    current: each.name === chosen,
    missing_files: missingFiles(each),
  }));
  show(context, { contexts: told }, () => {
    if (told.length === 0) return 'no contexts; make one with: keyward context add';
    const rows = told.map((each): Cell[] => [
      each.current ? ['*', 'green'] : '',
      [each.name, 'bold'],
      each.url,
      each.credential_file,
      each.ca_file ?? '-',
      each.missing_files.length === 0 ? '-' : [each.missing_files.join(', '), 'red'],
    ]);
    return table(['', 'name', 'url', 'credential file', 'CA file', 'missing'], rows, context.terminal);
  });
}

function missingFiles({ credential_file, ca_file }: NamedService): readonly string[] {
  return [credential_file, ca_file].filter((file) => file !== null && !existsSync(file)) as string[];
}

function describe({ terminal }: Context, { name, url, credential_file, ca_file }: NamedService): string {
  return fields(
    [
      ['context', [name, 'bold']],
      ['url', url],
      ['credential file', credential_file],
      ['CA file', ca_file ?? '-'],
    ],
    terminal,
  );
}
