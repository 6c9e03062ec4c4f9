import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN, isFormerToken } from '../kernel/key.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import { FlawedFile } from '../yaml-file/problem.ts';
import { readYamlAs } from '../yaml-file/read-yaml.ts';
import { leavesOf, type Variables, variableOf } from '../yaml-file/variables.ts';

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

const token = z.strictObject({
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

type Token = z.infer<typeof token> & {
  readonly latch_file?: string | undefined;
  readonly state_dir?: string | undefined;
};

/** What is said of a token where its signer runs, and nowhere else. */
const OF_SIGNER = [
  'module',
  'pin_file',
  'latch_file',
  'state_dir',
  'allow_software',
  'clock_skew_seconds',
] as const;
type OfSigner = (typeof OF_SIGNER)[number];

/** With `signer`, no member of the signer's own. Their defaults say nothing. */
export type Signing<T> = Omit<T, OfSigner | 'signer'> &
  (
    | {
        readonly signer?: undefined;
        readonly module: string;
        readonly pin_file: string;
        readonly latch_file: string;
        readonly state_dir: string;
        readonly allow_software: boolean;
        readonly clock_skew_seconds: number;
      }
    | ({ readonly signer: { readonly socket: string; readonly user: string } } & Partial<
        Record<OfSigner, undefined>
      >)
  );

/** Every path made absolute; files that are not named get the names that belong to the token. */
export function withTokenFiles<T extends Token>(section: T, name: string, base: string): Signing<T> {
  const at = (path: string) => resolve(base, path);
  const { module, pin_file, latch_file, state_dir, allow_software, clock_skew_seconds, signer, ...rest } =
    section;
  if (signer) return { ...rest, signer: { ...signer, socket: at(signer.socket) } };
  return {
    ...rest,
    module: at(module ?? ''),
    pin_file: at(pin_file ?? ''),
    latch_file: at(latch_file ?? `pin-latch-${name}.json`),
    state_dir: at(state_dir ?? `signer-state-${name}`),
    allow_software,
    clock_skew_seconds,
  };
}

type Named = Signing<Token>;

/**
 * Two signers of one token, or two that remember the fate of a PIN in one file, would mislead each other (I9). A
 * token is found by label and serial, and the same module may have many paths: links and copies.
 */
export function sharedTokenFlaws({
  hsm,
  hsm_tokens,
}: {
  readonly hsm: Named;
  readonly hsm_tokens: Readonly<Record<string, Named>>;
}): readonly ValidationIssue[] {
  const tokens = [[FIRST_TOKEN, hsm] as const, ...Object.entries(hsm_tokens)];
  const distinct = [
    [
      'has the same token_label and token_serial as',
      'name each token once, or give it another label',
      ({ token_label, token_serial }) => [token_label, token_serial],
    ],
    ['has the same latch_file as', 'give each its own', ({ latch_file }) => [latch_file]],
    ['has the same state_dir as', 'give each its own', ({ state_dir }) => [state_dir]],
  ] as const satisfies [string, string, (token: Named) => unknown[]][];
  return distinct.flatMap(([what, advice, identity]) => {
    const names = new Map<string, string>();
    return tokens.flatMap(([name, token]) => {
      if (identity(token).includes(undefined)) return [];
      const key = JSON.stringify(identity(token));
      const other = names.get(key);
      names.set(key, other ?? name);
      return other === undefined
        ? []
        : [{ path: ['hsm_tokens', name], advice: `${what} ${other}; ${advice}` }];
    });
  });
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
const schema = z.object({ ...signerSections, hsm: withOneSigner(hsm) });
const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** The settings of one token in the file, and the variables, that whoever starts the signer names. `invalid_config`. */
export function readSettings(path: string, hsmToken: string, variables: Variables = {}): SignerSettings {
  const absolute = resolve(path);
  const read = readYamlAs(schema, ownText(absolute), { variables: own(variables), inFileOnly: {} });
  if (read.problems) throw new FlawedFile(absolute, read.problems);
  const { mode, hsm, hsm_tokens } = read.value;
  const isFirst = hsmToken === FIRST_TOKEN;
  const section = isFirst ? hsm : hsm_tokens[hsmToken];
  if (!section) refuse(absolute, `there is no hsm_tokens.${hsmToken}`);
  const token = withTokenFiles(section, hsmToken, dirname(absolute));
  if (token.signer)
    refuse(absolute, `the signer of ${hsmToken} runs by itself: this is the file of its front`);
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

/** Of a file that nobody but root and this user can write. `invalid_config`. */
export function ownText(path: string): string {
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
