import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { commandFailure } from '../cli/failure.ts';
import { CHAINS, type ChainHeads } from '../kernel/audit-chain.ts';
import { encodeBase64url } from '../token/base64url.ts';
import type { FileDigest } from './files.ts';

export const MANIFEST = 'manifest.json';
export const DATABASE = 'keyward.db';
export const SEGMENTS = 'ledger-archive';
const FORMAT = 'keyward-backup/1';
const LARGEST_BYTES = 16 * 1024 * 1024;

/** What a restore needs besides, and a backup must not hold. */
const NOT_CONTAINED = [
  'the keys: they are in the HSM and leave it only as its vendor provides',
  'the PIN, and what the signer remembers (hsm.state_dir, hsm.latch_file): never put an old one back',
  'the configuration and the secrets that it names: certificates, webhook and mail secrets, credentials',
  'the files of the audit sinks: they tell a restored database what it lacks',
];

const count = z.int().min(0);
const head = z.strictObject({ sequence: count, hash: z.string() });
const contents = {
  schema: z.string().nullable(),
  registry_kid: z.string().nullable(),
  audit_kid: z.string().nullable(),
  checkpoint: z.strictObject({ number: count, time: count }).nullable(),
  heads: z.record(z.string(), head),
};
const manifest = z.strictObject({
  format: z.literal(FORMAT),
  made_at: count,
  versions: z.record(z.string(), z.string()),
  ...contents,
  hsm_tokens: z.array(z.strictObject({ name: z.string(), label: z.string(), serial: z.string() })),
  /** Whether `audit verify` found nothing in it. */
  sound: z.boolean(),
  files: z
    .array(
      z.strictObject({
        // Of this folder, and nothing that leads out of it.
        name: z.string().regex(/^(?:keyward\.db|ledger-archive\/segment-\d{6}(?:\.\d+)?\.db)$/),
        bytes: count,
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1),
  not_contained: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifest>;

/** What a database file holds, as far as a backup names it. */
export interface Contents {
  readonly heads: ChainHeads;
  /** The last checkpoint; null where there is none. */
  readonly checkpoint: { readonly number: number; readonly time: number } | null;
  readonly registryKid: string | null;
  readonly auditKid: string | null;
  /** Sealed segments of the ledger that it lists. */
  readonly segments: readonly string[];
  /** The last migration. */
  readonly schema: string | null;
}

/** Fails as SQLite does where the file is no database of Keyward. */
export type ReadContents = (file: string) => Promise<Contents>;

export interface NamedFile extends FileDigest {
  /** In the folder of the backup. */
  readonly name: string;
}

export function composeManifest(
  held: Contents,
  rest: Pick<Manifest, 'made_at' | 'hsm_tokens' | 'sound'> & { readonly files: readonly NamedFile[] },
): Manifest {
  const { made_at, hsm_tokens, sound, files } = rest;
  return {
    format: FORMAT,
    made_at,
    versions: { node: process.versions.node, sqlite: process.versions.sqlite ?? '' },
    ...describeContents(held),
    hsm_tokens,
    sound,
    files: [...files],
    not_contained: NOT_CONTAINED,
  };
}

export function describeContents({ heads, ...held }: Contents): Pick<Manifest, keyof typeof contents> {
  return {
    schema: held.schema,
    registry_kid: held.registryKid,
    audit_kid: held.auditKid,
    checkpoint: held.checkpoint,
    heads: Object.fromEntries(
      CHAINS.map((name) => [
        name,
        { sequence: heads[name].sequence, hash: encodeBase64url(heads[name].hash) },
      ]),
    ),
  };
}

/** `not_a_backup` for a folder without one, `backup_changed` for one that no backup wrote. */
export function readManifest(folder: string): Manifest {
  const file = join(folder, MANIFEST);
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > LARGEST_BYTES) throw new Error('it is too long');
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined
      ? commandFailure('backup_changed', `${file} is no manifest of a backup: it was changed, or cut short`)
      : commandFailure('not_a_backup', `${folder} is no backup: it has no readable ${MANIFEST} (${code})`);
  }
}
