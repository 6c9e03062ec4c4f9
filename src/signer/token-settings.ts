import { resolve } from 'node:path';
import { z } from 'zod';
import { FIRST_TOKEN, isFormerToken } from '../domain/hsm-token.ts';

const file = z.string().min(1);

/** RFC 7638, written by `keyward init`. */
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const token = z.strictObject({
  module: file,
  token_label: z.string().min(1).max(32),
  token_serial: z.string().min(1).max(16),
  pin_file: file,
  /** In production a token that is a program, such as SoftHSM, is refused without it. */
  allow_software: z.boolean().default(false),
  sessions: z.int().min(1).max(1024).default(4),
  /** The signer signs nothing that is dated further than this from its own clock. */
  clock_skew_seconds: z.int().min(5).max(3_600).default(300),
  /** Past it, a signing call is given up and the signer replaced. */
  deadline_ms: z.int().min(50).max(60_000).default(2_000),
  /** The same for making a key: RSA on a small HSM takes its time. */
  generate_deadline_ms: z.int().min(1_000).max(600_000).default(60_000),
  /** What the module needs in its environment, such as the place of its own configuration. No secrets. */
  environment: z.record(z.string(), z.string()).default({}),
});

const TOKEN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const MOST_TOKENS = 32;

const MOST_REPLACEMENTS = 32;

/** Binding records by the registry key of a token that was lost still count in key sets. */
const replacement = z.looseObject({
  former: z.looseObject({ registry_key: z.looseObject({ kid: thumbprint }) }),
});

/** The sections of the configuration that the signer reads by itself; the front reads the same file. */
export const signerSections = {
  mode: z.enum(['development', 'production']).default('development'),
  hsm: token.extend({
    latch_file: file.default('pin-latch.json'),
    /** Where the signer keeps what it sealed, bound and generated. */
    state_dir: file.default('signer-state'),
    registry_key: thumbprint.optional(),
    audit_key: thumbprint.optional(),
    /** Former keys by their thumbprints; the front reads the rest of it. */
    replacements: z.array(replacement).max(MOST_REPLACEMENTS).default([]),
    /** Accepted, and without effect: a registry without signatures is always refused. */
    registry_signed: z.boolean().default(false),
  }),
  /** Further tokens by name; scopes are placed on one of them when they are made. */
  hsm_tokens: z
    .record(
      z
        .string()
        .regex(TOKEN_NAME, 'use 1 to 32 lower-case letters, digits and inner hyphens')
        .refine((name) => name !== FIRST_TOKEN, `${FIRST_TOKEN} is the name of hsm itself`)
        .refine((name) => !isFormerToken(name), 'this name is kept for a token that hsm named before'),
      token.extend({
        latch_file: file.optional(),
        state_dir: file.optional(),
        binding_key: thumbprint.optional(),
      }),
    )
    .refine((tokens) => Object.keys(tokens).length <= MOST_TOKENS, `name at most ${MOST_TOKENS}`)
    .default({}),
};

interface TokenFiles {
  readonly module: string;
  readonly pin_file: string;
  readonly latch_file?: string | undefined;
  readonly state_dir?: string | undefined;
}

/** Every path made absolute; files that are not named get the names that belong to the token. */
export function withTokenFiles<T extends TokenFiles>(section: T, name: string, base: string) {
  const at = (path: string) => resolve(base, path);
  return {
    ...section,
    module: at(section.module),
    pin_file: at(section.pin_file),
    latch_file: at(section.latch_file ?? `pin-latch-${name}.json`),
    state_dir: at(section.state_dir ?? `signer-state-${name}`),
  };
}
