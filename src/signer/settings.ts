import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN, isFormerToken } from '../kernel/key.ts';
import { FlawedFile } from '../yaml-file/problem.ts';
import { readYamlAs } from '../yaml-file/read-yaml.ts';
import { leavesOf, type Variables, variableOf } from '../yaml-file/variables.ts';

const file = z.string().min(1);

/** RFC 7638, written by `keyward init`. */
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const token = z.strictObject({
  module: file.describe('The PKCS#11 module.'),
  token_label: z.string().min(1).max(32).describe('Label of the token.'),
  token_serial: z.string().min(1).max(16).describe('Serial number of the token.'),
  pin_file: file.describe('File that holds the PIN.'),
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
    .default(300)
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

const TOKEN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const MOST_TOKENS = 32;

const MOST_REPLACEMENTS = 32;

/** Binding records by the registry key of a token that was lost still count in key sets. */
const replacement = z.looseObject({
  former: z.looseObject({ registry_key: z.looseObject({ kid: thumbprint }) }),
});

/** The sections of the configuration that the signer reads by itself; the front reads the same file. */
export const signerSections = {
  mode: z
    .enum(['development', 'production'])
    .default('development')
    .describe('Production refuses what is for development alone.'),
  hsm: token.extend({
    latch_file: file.default('pin-latch.json').describe('Remembers the last PIN attempt across restarts.'),
    state_dir: file
      .default('signer-state')
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
  }),
  hsm_tokens: z
    .record(
      z
        .string()
        .regex(TOKEN_NAME, 'use 1 to 32 lower-case letters, digits and inner hyphens')
        .refine((name) => name !== FIRST_TOKEN, `${FIRST_TOKEN} is the name of hsm itself`)
        .refine((name) => !isFormerToken(name), 'this name is kept for a token that hsm named before'),
      token.extend({
        latch_file: file.optional().describe('As of `hsm`. Default: pin-latch-NAME.json.'),
        state_dir: file.optional().describe('As of `hsm`. Default: signer-state-NAME.'),
        binding_key: thumbprint
          .optional()
          .describe('Thumbprint of its binding key; `keyward init` writes it.'),
      }),
    )
    .refine((tokens) => Object.keys(tokens).length <= MOST_TOKENS, `name at most ${MOST_TOKENS}`)
    .default({})
    .describe('Further HSM tokens by name. Scopes are placed on one of them when they are made.'),
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

/** What the signer goes by. It reads this itself: no message of the front changes any of it. Paths are absolute. */
export interface SignerSettings {
  readonly modulePath: string;
  readonly tokenLabel: string;
  readonly tokenSerial: string;
  readonly pinFile: string;
  /** Keeps the fate of the last PIN attempt across restarts (I9). */
  readonly latchFile: string;
  /** Folder of what this signer sealed, bound and generated. */
  readonly stateDir: string;
  /** Seconds. Nothing is signed that is dated further from the signer's own clock. */
  readonly clockSkewSeconds: number;
  /** Which of the service's own keys belong on this token: of any other kind none is made there, or goes by its label. */
  readonly serviceKeys: readonly (keyof ServiceKids)[];
  /** Whether a token that is a program is refused. */
  readonly hardwareOnly: boolean;
  /** Upper limit; the token's own limit less one is the other. */
  readonly sessions: number;
  /**
   * Thumbprint of the registry key: on the first token, the root of all binding records. Null on the others and
   * before `keyward init` has named it.
   */
  readonly registryKid: string | null;
  /** The same for the audit key. Without it the signer signs no checkpoint; all else goes on. */
  readonly auditKid: string | null;
  /** On a further token, the key that takes the registry key's part for the binding records of the keys there. */
  readonly bindingKid: string | null;
  /** On the first token, thumbprints of the others' binding keys and of former registry keys: key sets may hold keys of theirs. */
  readonly otherBindingKids: readonly string[];
}

/** The service's own keys on the token. */
export type ServiceKids = Pick<SignerSettings, 'registryKid' | 'auditKid' | 'bindingKid'>;

/** Every other section of the file is the front's. */
const schema = z.object(signerSections);
const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** The settings of one token in the file, and the variables, that whoever starts the signer names. `invalid_config`. */
export function readSettings(path: string, hsmToken: string, variables: Variables = {}): SignerSettings {
  const absolute = resolve(path);
  const read = readYamlAs(schema, textOf(absolute), { variables: own(variables), inFileOnly: {} });
  if (read.problems) throw new FlawedFile(absolute, read.problems);
  const { mode, hsm, hsm_tokens } = read.value;
  const isFirst = hsmToken === FIRST_TOKEN;
  const section = isFirst ? hsm : hsm_tokens[hsmToken];
  if (!section) refuse(absolute, `there is no hsm_tokens.${hsmToken}`);
  const token = withTokenFiles(section, hsmToken, dirname(absolute));
  return {
    modulePath: token.module,
    tokenLabel: token.token_label,
    tokenSerial: token.token_serial,
    pinFile: token.pin_file,
    latchFile: token.latch_file,
    stateDir: token.state_dir,
    clockSkewSeconds: token.clock_skew_seconds,
    serviceKeys: isFirst ? ['registryKid', 'auditKid'] : ['bindingKid'],
    hardwareOnly: mode === 'production' && !token.allow_software,
    sessions: token.sessions,
    registryKid: (isFirst && hsm.registry_key) || null,
    auditKid: (isFirst && hsm.audit_key) || null,
    bindingKid: hsm_tokens[hsmToken]?.binding_key ?? null,
    otherBindingKids: isFirst
      ? [
          ...Object.values(hsm_tokens).flatMap(({ binding_key }) => binding_key ?? []),
          ...hsm.replacements.map(({ former }) => former.registry_key.kid),
        ]
      : [],
  };
}

/** The front has refused what is none of anybody's. */
function own(variables: Variables): Variables {
  const names = new Set(leavesOf(schema).map(({ path }) => variableOf(path)));
  return Object.fromEntries(Object.entries(variables).filter(([name]) => names.has(name)));
}

/** As if the file named none of the service's own keys: for making them on a new token. */
export function withoutOwnKeys(settings: SignerSettings): SignerSettings {
  return { ...settings, registryKid: null, auditKid: null, bindingKid: null };
}

function textOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new KeywardError('invalid_config', `${path} cannot be opened`, { cause });
  }
  try {
    requireOwn(file, path);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof KeywardError) throw cause;
    throw new KeywardError('invalid_config', `${path} cannot be read`, { cause });
  } finally {
    closeSync(file);
  }
}

/** Whoever can write this file chooses the module and the PIN file. */
function requireOwn(file: number, path: string): void {
  const status = fstatSync(file);
  if (!status.isFile()) refuse(path, 'is not a regular file');
  if ((status.mode & WRITABLE_BY_OTHERS) !== 0) refuse(path, 'is writable by group or others: chmod go-w it');
  if (status.uid !== ROOT && status.uid !== process.geteuid?.()) {
    refuse(path, 'belongs to another user: chown it to the one that runs the signer');
  }
}

function refuse(path: string, flaw: string): never {
  throw new KeywardError('invalid_config', `${path}: ${flaw}`);
}
