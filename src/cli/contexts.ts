import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject } from '../lib/json.ts';
import type { Context } from './context.ts';
import { usageFailure } from './failure.ts';
import { readInput } from './input-file.ts';

/** A service by name: its address and the files that go with it, bound to each other. Holds no secret itself. */
export interface NamedService {
  readonly name: string;
  /** Of the operations plane. */
  readonly url: string;
  readonly credential_file: string;
  /** PEM; null: the CAs of the system. */
  readonly ca_file: string | null;
}

interface NamedServices {
  readonly current: string | null;
  readonly contexts: readonly NamedService[];
}

/** What the file holds; nothing where there is none. */
export function readContexts(file: string): NamedServices {
  return existsSync(file) ? parse(readInput(file), file) : { current: null, contexts: [] };
}

function parse(text: string, file: string): NamedServices {
  try {
    const { current, contexts } = JSON.parse(text) as NamedServices;
    if (Array.isArray(contexts) && contexts.every(isNamedService))
      return { current: current ?? null, contexts };
  } catch {
    // Told below, as whatever else is no list of contexts.
  }
  throw usageFailure(`${file} is not what keyward context wrote; mend it, or move it away`);
}

function isNamedService(value: unknown): value is NamedService {
  return (
    isObject(value) &&
    [value.name, value.url, value.credential_file].every((member) => typeof member === 'string') &&
    (value.ca_file === null || typeof value.ca_file === 'string')
  );
}

/** Whole or not at all. */
export function writeContexts(file: string, services: NamedServices): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(services, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
}

/**
 * The context that a command is for: the one that `--context` names; else the current one, unless something else says
 * which service is meant: `--url`, `--credential-file`, `--config`, or the environment.
 */
export function chosenContext({ options, environment }: Context): NamedService | undefined {
  const { contextsFile } = environment;
  if (options.context === undefined) {
    if (namesService(options, environment)) return undefined;
    const { current, contexts } = readContexts(contextsFile);
    return current === null ? undefined : named(contexts, current, contextsFile);
  }
  if (options.url !== undefined || options.credentialFile !== undefined) {
    throw usageFailure(
      'a context has a URL and a credential of its own; leave out --url and --credential-file',
    );
  }
  return named(readContexts(contextsFile).contexts, options.context, contextsFile);
}

function namesService(options: Context['options'], environment: Context['environment']): boolean {
  const { operationsUrl, credentialFile, isConfigNamed } = environment;
  const named = [options.url, options.credentialFile, options.config, operationsUrl, credentialFile];
  return isConfigNamed || named.some((each) => each !== undefined);
}

export function named(contexts: readonly NamedService[], name: string, file: string): NamedService {
  const found = contexts.find((each) => each.name === name);
  if (found) return found;
  const known = contexts.map((each) => each.name).join(', ') || 'none';
  throw usageFailure(`no context is called ${name} in ${file}; there are: ${known}`);
}
