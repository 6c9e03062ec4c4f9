import { z } from 'zod';
import { FIRST_TOKEN, isFormerToken } from '../kernel/key.ts';

const file = z.string().min(1);

/** RFC 7638, written by `keyward init`. */
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const CLOCK_SKEW_SECONDS = 300;
const FIRST_LATCH = 'pin-latch.json';
const FIRST_STATE = 'signer-state';

/** As the kernel tells users apart; the last is what it shows of one that it does not know here. */
export const user = z
  .string()
  .regex(/^(?:[a-z_][a-z0-9_.-]{0,31}|0|[1-9]\d{0,9})$/i, 'use the name or the number of a user')
  .refine((name) => name !== 'nobody' && name !== '65534', 'stands for users that the kernel does not know');

export const token = z.strictObject({
  module: file.optional().describe('The PKCS#11 module. Needed unless `signer` is there.'),
  token_label: z.string().min(1).max(32).describe('Label of the token.'),
  token_serial: z.string().min(1).max(16).describe('Serial number of the token.'),
  pin_file: file.optional().describe('File that holds the PIN. Needed unless `signer` is there.'),
  signer: z
    .strictObject({
      socket: file.describe('Unix socket of `keyward signer`.'),
      user: user.describe('User that the signer runs as, by name or number. No other is spoken to.'),
    })
    .optional()
    .describe('A signer that runs by itself and has the module, PIN and latch in settings of its own.'),
  allow_software: z
    .boolean()
    .default(false)
    .describe('Allows a token that is a program, such as SoftHSM, in production.'),
  sessions: z
    .int()
    .min(1)
    .max(1024)
    .default(4)
    .describe('Sessions at most; one less than the token has is the other bound.'),
  clock_skew_seconds: z
    .int()
    .min(5)
    .max(3_600)
    .default(CLOCK_SKEW_SECONDS)
    .describe('The signer signs nothing dated further than this from its own clock.'),
  deadline_ms: z
    .int()
    .min(50)
    .max(60_000)
    .default(2_000)
    .describe('After it, a signing call is given up and the signer replaced.'),
  generate_deadline_ms: z
    .int()
    .min(1_000)
    .max(600_000)
    .default(60_000)
    .describe('The same for making a key.'),
  environment: z
    .record(z.string(), z.string())
    .default({})
    .describe('Variables for the PKCS#11 module, such as SOFTHSM2_CONF. No secrets.'),
});

interface Section {
  readonly signer?: unknown;
  readonly environment?: object;
}

/** Said beside `signer`, what is one of these says nothing. */
const SILENT: Readonly<Record<string, readonly unknown[]>> = {
  latch_file: [undefined, FIRST_LATCH],
  state_dir: [undefined, FIRST_STATE],
  allow_software: [undefined, false],
  clock_skew_seconds: [undefined, CLOCK_SKEW_SECONDS],
};
const NEEDED = ['module', 'pin_file'] as const;

/**
 * Either the members of a signer that is a child of the service, or `signer` for one that runs by itself. Told beside
 * whatever else is wrong.
 */
export function withOneSigner<T extends z.ZodObject>(section: T): T {
  const always = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };
  const said = (name: string, value: Record<string, unknown>) =>
    !(SILENT[name] ?? [undefined]).includes(value[name]);
  const either = NEEDED.reduce(
    (schema, name) =>
      schema.refine((value) => value.signer !== undefined || value[name] !== undefined, {
        ...always,
        path: [name],
        message: 'is missing',
        params: { missing: true },
      }),
    section,
  );
  return [...NEEDED, ...Object.keys(SILENT), 'environment'].reduce(
    (schema, name) =>
      schema.refine(
        (value) =>
          value.signer === undefined ||
          (name === 'environment'
            ? Object.keys((value as Section).environment ?? {}).length === 0
            : !said(name, value)),
        { ...always, path: [name], message: 'is for the file of the signer itself, since signer is there' },
      ),
    either,
  );
}

const TOKEN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const MOST_TOKENS = 32;

const MOST_REPLACEMENTS = 32;

/** Binding records by the registry key of a token that was lost still count in key sets. */
const replacement = z.looseObject({
  former: z.looseObject({ registry_key: z.looseObject({ kid: thumbprint }) }),
});

const hsm = token.extend({
  failover_seconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(10)
    .describe(
      'How long a token is away before standbys on other tokens sign for its scopes, of all tokens; 0 for never. Read by the service.',
    ),
  latch_file: file.default(FIRST_LATCH).describe('Remembers the last PIN attempt across restarts.'),
  state_dir: file
    .default(FIRST_STATE)
    .describe('Where the signer keeps what it sealed, bound and generated.'),
  registry_key: thumbprint.optional().describe('Thumbprint of the registry key; `keyward init` writes it.'),
  audit_key: thumbprint.optional().describe('Thumbprint of the audit key; `keyward init` writes it.'),
  replacements: z
    .array(replacement)
    .max(MOST_REPLACEMENTS)
    .default([])
    .describe('Tokens that were lost; `keyward hsm replace` writes it.'),
  registry_signed: z
    .boolean()
    .default(false)
    .describe('Has no effect: a registry without signatures is always refused.'),
});

const furtherToken = token.extend({
  latch_file: file.optional().describe('As of `hsm`. Default: pin-latch-NAME.json.'),
  state_dir: file.optional().describe('As of `hsm`. Default: signer-state-NAME.'),
  binding_key: thumbprint.optional().describe('Thumbprint of its binding key; `keyward init` writes it.'),
});

/** The sections of the configuration that the signer reads by itself; the front reads the same file. */
export const signerSections = {
  mode: z
    .enum(['development', 'production'])
    .default('development')
    .describe('Production refuses what is for development alone.'),
  hsm,
  hsm_tokens: z
    .record(
      z
        .string()
        .regex(TOKEN_NAME, 'use 1 to 32 lower-case letters, digits and inner hyphens')
        .refine((name) => name !== FIRST_TOKEN, `${FIRST_TOKEN} is the name of hsm itself`)
        .refine((name) => !isFormerToken(name), 'this name is kept for a token that hsm named before'),
      withOneSigner(furtherToken),
    )
    .refine((tokens) => Object.keys(tokens).length <= MOST_TOKENS, `name at most ${MOST_TOKENS}`)
    .default({})
    .describe('Further HSM tokens by name. Scopes are placed on one of them when they are made.'),
};
