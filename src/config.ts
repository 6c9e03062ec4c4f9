import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { KeywardError } from './domain/errors.ts';
import { FIRST_TOKEN } from './domain/hsm-token.ts';
import { leakSection } from './leak-settings.ts';
import {
  type NotificationSettings,
  notificationSection,
  notificationSettings,
} from './notification-settings.ts';
import { probeSection, probeSettings } from './probe-settings.ts';
import { reportSection } from './report-settings.ts';
import { reviewSection } from './review-settings.ts';

const port = z.int().min(0).max(65_535);
const file = z.string().min(1);

const tls = z.strictObject({
  cert_file: file,
  key_file: file,
  /** Asks clients for certificates of this authority. */
  client_ca_file: file.optional(),
});

const listener = (defaultPort: number) =>
  z.strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    port: port.default(defaultPort),
    tls: tls.optional(),
    /** TLS ends at a proxy: allows a listener on other than loopback without it. */
    behind_proxy: z.boolean().default(false),
  });

const auditSink = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('file'), file }),
  z.strictObject({
    type: z.literal('syslog'),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(601),
    /** RFC 5425; `ca_file` where the server's authority is not one that Node knows. */
    tls: z.strictObject({ ca_file: file.optional() }).optional(),
  }),
]);

type AuditSinkConfig = z.infer<typeof auditSink>;

/** RFC 7638, written by `keyward init`. */
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const hsmToken = z.strictObject({
  module: file,
  token_label: z.string().min(1).max(32),
  token_serial: z.string().min(1).max(16),
  pin_file: file,
  /** In production a token that is a program, such as SoftHSM, is refused without it. */
  allow_software: z.boolean().default(false),
  sessions: z.int().min(1).max(1024).default(4),
  /** Past it, a signing call is given up and the signer replaced. */
  deadline_ms: z.int().min(50).max(60_000).default(2_000),
  /** The same for making a key: RSA on a small HSM takes its time. */
  generate_deadline_ms: z.int().min(1_000).max(600_000).default(60_000),
  /** What the module needs in its environment, such as the place of its own configuration. No secrets. */
  environment: z.record(z.string(), z.string()).default({}),
});

const TOKEN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const MOST_TOKENS = 32;

const schema = z.strictObject({
  mode: z.enum(['development', 'production']).default('development'),
  /**
   * Whether it takes a second operator to approve what makes the service accept more. Default: in production, where
   * it cannot be turned off.
   */
  two_persons: z.boolean().optional(),
  proposals: z
    .strictObject({
      /** Past it, a proposal that nobody approved is expired. */
      lifetime_seconds: z
        .int()
        .min(60)
        .max(7 * 86_400)
        .default(86_400),
      /** Open at a time. */
      max_open: z.int().min(1).max(1_000).default(100),
    })
    .prefault({}),
  data_plane: listener(8080)
    .extend({
      /** How clients reach it, without a trailing slash; default: scheme, host and port of the listener. */
      public_url: z
        .url({ protocol: /^https?$/ })
        .regex(/[^/]$/)
        .optional(),
    })
    .prefault({}),
  operations_plane: listener(9090).prefault({}),
  database: z.strictObject({ file: file.default('keyward.db') }).prefault({}),
  hsm: hsmToken.extend({
    latch_file: file.default('pin-latch.json'),
    registry_key: thumbprint.optional(),
    audit_key: thumbprint.optional(),
    /** Written by `keyward init`: a database without the registry's signatures is refused, never signed anew. */
    registry_signed: z.boolean().default(false),
  }),
  /** Further tokens by name; scopes are placed on one of them when they are made. */
  hsm_tokens: z
    .record(
      z
        .string()
        .regex(TOKEN_NAME, 'use 1 to 32 lower-case letters, digits and inner hyphens')
        .refine((name) => name !== FIRST_TOKEN, `${FIRST_TOKEN} is the name of hsm itself`),
      hsmToken.extend({ latch_file: file.optional(), binding_key: thumbprint.optional() }),
    )
    .refine((tokens) => Object.keys(tokens).length <= MOST_TOKENS, `name at most ${MOST_TOKENS}`)
    .default({}),
  keys: z
    .strictObject({
      /** How long the private half of a deactivated key stays in the HSM, so that a rotation can be undone. */
      grace_seconds: z.int().min(0).max(86_400).default(3_600),
      /** How often each HSM token is held against the registry: a login more each time. */
      inventory_seconds: z.int().min(60).max(604_800).default(3_600),
    })
    .prefault({}),
  leaks: leakSection,
  drills: z
    .strictObject({
      /** Days after which a rehearsal that was not repeated is a warning. */
      overdue_days: z.int().min(1).max(366).default(90),
    })
    .prefault({}),
  probes: probeSection,
  reviews: reviewSection,
  audit: z
    .strictObject({
      /** Where the audit trail is kept a second time. At least one must confirm before anything is weakened. */
      sinks: z
        .array(auditSink)
        .min(1)
        .max(8)
        .default([{ type: 'file', file: 'audit.jsonl' }]),
      /** Past it, a sink counts as away. */
      sink_deadline_ms: z.int().min(50).max(60_000).default(2_000),
      checkpoint_seconds: z.int().min(1).max(3_600).default(60),
      checkpoint_events: z.int().min(1).max(100_000).default(1_000),
    })
    .prefault({}),
  /** Who is told of security events; changed as audit sinks are, by changing this file. */
  notifications: notificationSection,
  ledger: z
    .strictObject({
      /** Days after their last `exp` that records stay in the database; then they go to the archive. */
      online_days: z.int().min(1).max(3_650).default(30),
      /** Days after a key is out of use that the records of its tokens are kept. */
      retention_days: z.int().min(180).max(36_500).default(730),
      archive_dir: file.default('ledger-archive'),
    })
    .prefault({}),
  reports: reportSection,
  limits: z
    .strictObject({
      requests_in_flight: z.int().min(1).default(2_048),
      queued_signatures: z.int().min(1).default(8_192),
      queued_records: z.int().min(1).default(16_384),
      client_requests_per_second: z.int().min(1).default(20_000),
      anonymous_requests_per_second: z.int().min(1).default(500),
      failed_authentications_per_minute: z.int().min(1).default(120),
      /** Verifiers that follow the events of a scope, in all and of one client. */
      event_streams: z.int().min(1).max(4_096).default(1_024),
      event_streams_per_client: z.int().min(1).max(512).default(128),
      drain_seconds: z.int().min(1).max(600).default(20),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info') })
    .prefault({}),
});

type Raw = z.infer<typeof schema>;

type TokenSettings = Omit<Raw['hsm_tokens'][string], 'latch_file'> & { latch_file: string };
type Resolved = Omit<Raw, 'hsm_tokens' | 'notifications'> & {
  hsm_tokens: Record<string, TokenSettings>;
  notifications: NotificationSettings;
};

/** One validated, frozen value; every path in it is absolute. */
export type Config = Readonly<Resolved> & { readonly file: string; readonly two_persons: boolean };

/** Reads and validates the file; `invalid_config` names the first member that is wrong. */
export function loadConfig(path: string): Config {
  const absolute = resolve(path);
  const parsed = schema.safeParse(parseYaml(absolute));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new KeywardError(
      'invalid_config',
      `${path}: ${issue?.path.join('.') || 'file'}: ${issue?.message}`,
    );
  }
  const config = withAbsolutePaths(parsed.data, dirname(absolute));
  for (const plane of ['data_plane', 'operations_plane'] as const) refuseBareListener(plane, config[plane]);
  refuseSharedTokens(config);
  return deepFreeze({ ...config, two_persons: twoPersonsOf(config), file: absolute });
}

function parseYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const advice = missing ? 'there is no such file; run `keyward init`' : 'is not readable YAML';
    throw new KeywardError('invalid_config', `${path}: ${advice}`, { cause });
  }
}

function withAbsolutePaths(raw: Raw, base: string): Resolved {
  const at = (path: string) => resolve(base, path);
  const listening = <T extends Raw['operations_plane']>(plane: T): T =>
    plane.tls
      ? {
          ...plane,
          tls: {
            cert_file: at(plane.tls.cert_file),
            key_file: at(plane.tls.key_file),
            ...(plane.tls.client_ca_file ? { client_ca_file: at(plane.tls.client_ca_file) } : {}),
          },
        }
      : plane;
  return {
    ...raw,
    data_plane: listening(raw.data_plane),
    operations_plane: listening(raw.operations_plane),
    database: { file: at(raw.database.file) },
    ledger: { ...raw.ledger, archive_dir: at(raw.ledger.archive_dir) },
    audit: { ...raw.audit, sinks: raw.audit.sinks.map((sink) => withAbsoluteSink(sink, at)) },
    notifications: notificationSettings(raw.notifications, at),
    probes: probeSettings(raw.probes, at),
    hsm: { ...raw.hsm, ...tokenFiles(raw.hsm, raw.hsm.latch_file, at) },
    hsm_tokens: Object.fromEntries(
      Object.entries(raw.hsm_tokens).map(([name, token]) => [
        name,
        { ...token, ...tokenFiles(token, token.latch_file ?? `pin-latch-${name}.json`, at) },
      ]),
    ),
  };
}

function tokenFiles(
  token: Pick<Raw['hsm'], 'module' | 'pin_file'>,
  latchFile: string,
  at: (path: string) => string,
) {
  return { module: at(token.module), pin_file: at(token.pin_file), latch_file: at(latchFile) };
}

function withAbsoluteSink(sink: AuditSinkConfig, at: (path: string) => string): AuditSinkConfig {
  if (sink.type === 'file') return { ...sink, file: at(sink.file) };
  return sink.tls?.ca_file ? { ...sink, tls: { ca_file: at(sink.tls.ca_file) } } : sink;
}

function twoPersonsOf({ mode, two_persons }: Pick<Raw, 'mode' | 'two_persons'>): boolean {
  if (mode === 'development') return two_persons ?? false;
  if (two_persons !== false) return true;
  throw new KeywardError(
    'invalid_config',
    'two_persons: production needs it; leave it out, and enrol a second operator',
  );
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

function refuseBareListener(name: string, plane: Raw['operations_plane']): void {
  if (LOOPBACK.test(plane.host) || plane.tls || plane.behind_proxy) return;
  throw new KeywardError(
    'invalid_config',
    `${name}: ${plane.host} is not loopback; give it tls, or set behind_proxy where a proxy ends TLS`,
  );
}

/**
 * Two signers of one token, or two that remember the fate of a PIN in one file, would mislead each other (I9). A
 * token is found by label and serial, and the same module may have many paths: links and copies.
 */
function refuseSharedTokens({ hsm, hsm_tokens }: Resolved): void {
  const tokens = [[FIRST_TOKEN, hsm] as const, ...Object.entries(hsm_tokens)];
  const distinct = [
    [
      'has the same token_label and token_serial as',
      'name each token once, or give it another label',
      ({ token_label, token_serial }) => [token_label, token_serial],
    ],
    ['has the same latch_file as', 'give each its own', ({ latch_file }) => [latch_file]],
  ] as const satisfies [string, string, (token: Resolved['hsm_tokens'][string]) => unknown[]][];
  for (const [what, advice, identity] of distinct) {
    const names = new Map<string, string>();
    for (const [name, token] of tokens) {
      const key = JSON.stringify(identity(token));
      const other = names.get(key);
      if (other !== undefined) {
        throw new KeywardError('invalid_config', `hsm_tokens.${name} ${what} ${other}; ${advice}`);
      }
      names.set(key, name);
    }
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
