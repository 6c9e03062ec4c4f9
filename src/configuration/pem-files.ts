import { resolve } from 'node:path';
import { KeywardError } from '../kernel/errors.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import { readAuthorities } from '../lib/certificates.ts';
import { isObject } from '../lib/json.ts';
import { errorMessage } from '../lib/text.ts';
import { examineTlsFiles, type TlsIdentity } from '../server/tls-files.ts';
import { messageOf } from '../yaml-file/problem.ts';

export const TLS_PLANES = ['data_plane', 'operations_plane'] as const;
export type TlsPlane = (typeof TLS_PLANES)[number];

/** What the PEM files of a configuration hold, and what is wrong with them, each by the member that names it. */
export interface PemFiles {
  readonly identities: Readonly<Partial<Record<TlsPlane, TlsIdentity>>>;
  readonly flaws: readonly ValidationIssue[];
}

type Path = ValidationIssue['path'];

/**
 * Reads each file by itself, so that all that is wrong is told at once. `members`: a configuration, or the members of a
 * file with mistakes in it, of which only what names a file counts. `nowMs`: certificates have to be in force then.
 * Changes nothing.
 */
export function readPemFiles(members: object, nowMs: number | undefined, folder = '.'): PemFiles {
  const identities: Partial<Record<TlsPlane, TlsIdentity>> = {};
  const flaws: ValidationIssue[] = [];
  for (const plane of TLS_PLANES) {
    const { identity, flaws: found } = tlsFlaws(members, plane, folder, nowMs);
    if (identity) identities[plane] = identity;
    flaws.push(...found);
  }
  for (const { path, file } of authorityFiles(members, folder)) {
    try {
      readAuthorities(file);
    } catch (error) {
      flaws.push({ path, advice: errorMessage(error) });
    }
  }
  return { identities, flaws };
}

/**
 * Certificates and keys of the planes, for a start, before it opens anything; `invalid_config` names all that is wrong
 * with them. A certificate that expired passes, since without it nothing would be answered at all.
 */
export function requireTlsFiles(members: object): PemFiles['identities'] {
  const read = TLS_PLANES.map((plane) => ({ plane, ...tlsFlaws(members, plane, '.') }));
  const flaws = read.flatMap(({ flaws }) => flaws);
  if (flaws.length === 0) {
    return Object.fromEntries(read.flatMap(({ plane, identity }) => (identity ? [[plane, identity]] : [])));
  }
  throw new KeywardError(
    'invalid_config',
    flaws.map(({ path, advice }) => messageOf(path, advice)).join('; '),
  );
}

function tlsFlaws(members: object, plane: TlsPlane, folder: string, nowMs?: number) {
  const { identity, flaws } = examineTlsFiles(tlsFilesOf(members, plane, folder), nowMs);
  const placed = flaws.map(({ member, advice }) => ({
    path: [plane, 'tls', ...(member === undefined ? [] : [member])],
    advice,
  }));
  return { identity, flaws: placed };
}

const TLS_FILES = ['cert_file', 'key_file', 'client_ca_file'] as const;

function tlsFilesOf(
  members: object,
  plane: TlsPlane,
  folder: string,
): Partial<Record<(typeof TLS_FILES)[number], string>> {
  const named = TLS_FILES.map((member) => [member, fileAt(members, [plane, 'tls', member], folder)] as const);
  return Object.fromEntries(named.filter(([, file]) => file !== undefined));
}

interface AuthorityFile {
  readonly path: Path;
  readonly file: string;
}

function authorityFiles(members: object, folder: string): readonly AuthorityFile[] {
  const within = (...path: string[]): Path[] =>
    stepsInto(memberAt(members, path)).map((step) => [...path, step, 'tls', 'ca_file']);
  const paths: readonly Path[] = [
    ...within('audit', 'sinks'),
    ...within('notifications', 'targets'),
    ['probes', 'ca_file'],
    ['tracing', 'ca_file'],
  ];
  return paths.flatMap((path) => {
    const file = fileAt(members, path, folder);
    return file === undefined ? [] : [{ path, file }];
  });
}

function fileAt(members: object, path: Path, folder: string): string | undefined {
  const file = memberAt(members, path);
  return typeof file === 'string' && file !== '' ? resolve(folder, file) : undefined;
}

function stepsInto(members: unknown): readonly (string | number)[] {
  if (Array.isArray(members)) return [...members.keys()];
  return isObject(members) ? Object.keys(members) : [];
}

function memberAt(members: unknown, path: Path): unknown {
  return path.reduce<unknown>((within, step) => {
    if (Array.isArray(within)) return within[Number(step)];
    return isObject(within) && Object.hasOwn(within, step) ? within[step] : undefined;
  }, members);
}

/** Every PEM file that the configuration names. */
export function pemFileNames(members: object): readonly string[] {
  const ofTls = TLS_PLANES.flatMap((plane) => Object.values(tlsFilesOf(members, plane, '.')));
  return [...ofTls, ...authorityFiles(members, '.').map(({ file }) => file)];
}
