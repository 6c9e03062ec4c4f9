import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { readEnvironment } from './config-environment.ts';
import type { DatabaseSettings } from './db/database-settings.ts';
import { drillSection } from './drills/settings.ts';
import { KeywardError } from './kernel/errors.ts';
import { FIRST_TOKEN } from './kernel/key.ts';
import type { ValidationIssue } from './kernel/policy.ts';
import { replacementFlaws, replacementSection } from './keys/hsm-replacements.ts';
import { leakSection } from './leaks/settings.ts';
import { isLoopbackHost } from './lib/address.ts';
import { isAddressOrNetwork } from './lib/address-guard.ts';
import {
  type NotificationSettings,
  notificationSection,
  notificationSettings,
} from './notifications/settings.ts';
import { probeSection, probeSettings } from './probes/settings.ts';
import { reportSection } from './reports/settings.ts';
import { reviewSection } from './reviews/settings.ts';
import { type Signing, sharedTokenFlaws, withTokenFiles } from './signer/token-files.ts';
import { signerSections, withOneSigner } from './signer/token-sections.ts';
import { tracingSection, tracingSettings } from './tracing/settings.ts';
import { FlawedFile, firstProblems, type Locate, type Problem, problemOf } from './yaml-file/problem.ts';
import { readYamlAs } from './yaml-file/read-yaml.ts';
import type { Variables } from './yaml-file/variables.ts';

const port = z.int().min(0).max(65_535);
const file = z.string().min(1);

const MOST_PROXIES = 64;
const BEHIND_PROXY = 'write trusted_proxies instead, a list of the addresses or networks of your proxies';

const tls = z.strictObject({
  cert_file: file.describe('PEM of the certificate and its chain, the certificate first.'),
  key_file: file.describe('PEM of the private key; readable by the service alone.'),
  client_ca_file: file
    .optional()
    .describe('PEM of the authorities whose certificates clients are asked for.'),
});

const listener = (defaultPort: number) =>
  z.strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to listen on. Other than loopback it takes `tls` or `trusted_proxies`.'),
    port: port.default(defaultPort).describe('Port to listen on; 0 for any that is free.'),
    tls: tls.optional().describe('Ends TLS in the service itself.'),
    trusted_proxies: z
      .array(
        z.string().refine(isAddressOrNetwork, 'use addresses and networks such as 10.0.0.7 or 10.0.0.0/24'),
      )
      .max(MOST_PROXIES)
      .default([])
      .describe(
        'Addresses and networks of proxies that end TLS. From these alone X-Forwarded-For is believed.',
      ),
    behind_proxy: z.never(BEHIND_PROXY).optional(),
    connections_per_address: z
      .int()
      .min(1)
      .max(65_536)
      .default(1_024)
      .describe(
        'Connections open at once from one address, or one IPv6 /64. Trusted proxies are not bounded.',
      ),
  });

const auditSink = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file').describe('A file of JSON lines.'),
    file: file.describe('Where the lines are appended.'),
  }),
  z.strictObject({
    type: z.literal('syslog').describe('A syslog server (RFC 5424).'),
    host: z.string().min(1).describe('Its host.'),
    port: z.int().min(1).max(65_535).default(601).describe('Its port.'),
    tls: z
      .strictObject({
        ca_file: file.optional().describe('PEM of its authorities; default: those that Node knows.'),
      })
      .optional()
      .describe('Speaks TLS (RFC 5425).'),
  }),
]);

type AuditSinkConfig = z.infer<typeof auditSink>;

/** The whole file. `keyward config schema` and docs/configuration.md are made from it. */
export const configurationSchema = z.strictObject({
  ...signerSections,
  hsm: withOneSigner(
    signerSections.hsm.extend({
      replacements: replacementSection.describe('Tokens that were lost; `keyward hsm replace` writes it.'),
    }),
  ).describe('The first HSM token. It holds the service’s own keys.'),
  two_persons: z
    .boolean()
    .optional()
    .describe(
      'Whether a second operator must approve what makes the service accept more. Default: in production, where it cannot be turned off.',
    ),
  proposals: z
    .strictObject({
      lifetime_seconds: z
        .int()
        .min(60)
        .max(7 * 86_400)
        .default(86_400)
        .describe('How long a proposal waits for approval.'),
      max_open: z.int().min(1).max(1_000).default(100).describe('Open proposals at a time.'),
      max_open_per_operator: z
        .int()
        .min(1)
        .max(1_000)
        .default(50)
        .describe('Open proposals of one operator.'),
    })
    .prefault({}),
  data_plane: listener(8080)
    .extend({
      public_url: z
        .url({ protocol: /^https?$/ })
        .regex(/[^/]$/)
        .optional()
        .describe(
          'How clients reach the data plane, without a trailing slash. Default: scheme, host and port of the listener.',
        ),
    })
    .prefault({}),
  operations_plane: listener(9090).prefault({}),
  database: z
    .strictObject({
      file: file.optional().describe('The SQLite database; `keyward.db` where no other is named.'),
      url_file: file
        .optional()
        .describe('File with the connection string of a PostgreSQL database, in the place of `file`.'),
      control_url_file: file
        .optional()
        .describe(
          'Of PostgreSQL: the same for the connection that has the database’s lock, where a pooler stands before the others.',
        ),
      durability: z
        .enum(['replicated', 'single'])
        .optional()
        .describe(
          'Of PostgreSQL: `replicated`, the default, acknowledges nothing that no standby has; `single` takes one node’s disk for enough.',
        ),
      copies: z
        .int()
        .min(1)
        .max(8)
        .optional()
        .describe('Of PostgreSQL: standbys in sync at least, default 1.'),
    })
    .refine((database) => database.file === undefined || database.url_file === undefined, {
      path: ['url_file'],
      error: 'name one of file and url_file',
    })
    .refine((database) => database.control_url_file === undefined || database.url_file !== undefined, {
      path: ['control_url_file'],
      error: 'is of PostgreSQL alone; name url_file, or leave it out',
    })
    .refine((database) => database.durability === undefined || database.url_file !== undefined, {
      path: ['durability'],
      error: 'is of PostgreSQL alone; name url_file, or leave it out',
    })
    .refine((database) => database.copies === undefined || database.url_file !== undefined, {
      path: ['copies'],
      error: 'is of PostgreSQL alone; name url_file, or leave it out',
    })
    .prefault({}),
  keys: z
    .strictObject({
      grace_seconds: z
        .int()
        .min(0)
        .max(86_400)
        .default(3_600)
        .describe(
          'How long the private key of a deactivated key stays in the HSM, so that a rotation can be undone.',
        ),
      inventory_seconds: z
        .int()
        .min(60)
        .max(604_800)
        .default(3_600)
        .describe('How often each HSM token is compared with the registry. Each time is one login.'),
    })
    .prefault({}),
  clock: z
    .strictObject({
      max_downtime_seconds: z
        .int()
        .min(60)
        .max(366 * 86_400)
        .default(7 * 86_400)
        .describe(
          'How far ahead of the last checkpoint the clock may be at a start without anybody confirming it.',
        ),
      settle_seconds: z
        .int()
        .min(0)
        .max(7 * 86_400)
        .default(3 * 3_600)
        .describe(
          'How long the clock must be trusted in one run before keys, records or reports are removed by age.',
        ),
    })
    .prefault({}),
  leaks: leakSection,
  drills: drillSection,
  probes: probeSection,
  reviews: reviewSection,
  audit: z
    .strictObject({
      sinks: z
        .array(auditSink)
        .min(1)
        .max(8)
        .default([{ type: 'file', file: 'audit.jsonl' }])
        .describe(
          'Where the audit trail is kept a second time. One of them must confirm before anything is weakened.',
        ),
      sink_deadline_ms: z
        .int()
        .min(50)
        .max(60_000)
        .default(2_000)
        .describe('After it, a write to a sink counts as failed.'),
      checkpoint_seconds: z.int().min(1).max(3_600).default(60).describe('How often a checkpoint is signed.'),
      checkpoint_events: z
        .int()
        .min(1)
        .max(100_000)
        .default(1_000)
        .describe('Events after which a checkpoint is signed earlier.'),
    })
    .prefault({}),
  /** Who is told of security events; changed as audit sinks are, by changing this file. */
  notifications: notificationSection,
  ledger: z
    .strictObject({
      online_days: z
        .int()
        .min(1)
        .max(3_650)
        .default(30)
        .describe('Days after `exp` that records stay in the database. Then they go to the archive.'),
      retention_days: z
        .int()
        .min(180)
        .max(36_500)
        .default(730)
        .describe('Days after a key is out of use that the records of its tokens are kept.'),
      archive_dir: file.default('ledger-archive').describe('Folder of the archive’s segments.'),
    })
    .prefault({}),
  reports: reportSection,
  limits: z
    .strictObject({
      requests_in_flight: z
        .int()
        .min(1)
        .default(2_048)
        .describe('Requests in flight, for each plane and class of callers.'),
      queued_signatures: z.int().min(1).default(8_192).describe('Signatures that wait for the HSM.'),
      queued_records: z.int().min(1).default(16_384).describe('Records that wait for the database.'),
      client_requests_per_second: z.int().min(1).default(20_000).describe('Requests of one client.'),
      anonymous_requests_per_second: z
        .int()
        .min(1)
        .default(500)
        .describe('Requests without a credential from one network.'),
      failed_authentications_per_minute: z
        .int()
        .min(1)
        .default(120)
        .describe('Wrong credentials from one network.'),
      event_streams: z.int().min(1).max(10_000).default(1_024).describe('Event streams open at once.'),
      event_streams_per_client: z.int().min(1).max(512).default(128).describe('Event streams of one client.'),
      drain_seconds: z
        .int()
        .min(1)
        .max(600)
        .default(20)
        .describe('How long requests in flight may take when the service stops.'),
    })
    .prefault({}),
  tracing: tracingSection,
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug'])
        .default('info')
        .describe('Lines below it are not written.'),
    })
    .prefault({}),
});

type Raw = z.infer<typeof configurationSchema>;

type TokenSettings = Signing<Raw['hsm_tokens'][string]>;
type Resolved = Omit<Raw, 'database' | 'hsm' | 'hsm_tokens' | 'notifications'> & {
  database: DatabaseSettings;
  hsm: Signing<Raw['hsm']>;
  hsm_tokens: Record<string, TokenSettings>;
  notifications: NotificationSettings;
};

/** One validated, frozen value; every path in it is absolute. */
export type Config = Readonly<Resolved> & {
  readonly file: string;
  /** What the environment gave. */
  readonly variables: Variables;
  readonly two_persons: boolean;
};

const WRITTEN = 'is for the file alone, where keyward writes it';
/** What `keyward init` and `keyward hsm replace` write into the file, and what holds such members. */
export const IN_FILE_ONLY: Readonly<Record<string, string>> = {
  'hsm.registry_key': WRITTEN,
  'hsm.audit_key': WRITTEN,
  'hsm.replacements': WRITTEN,
  hsm_tokens: 'is for the file alone, where keyward writes the keys of each token',
};

/**
 * Reads and validates the file, and the variables that go before it; `invalid_config` (a `FlawedFile`) names all that
 * is wrong in both.
 */
export function loadConfig(path: string, variables?: Variables): Config {
  return readConfig(path, variables);
}

/** What else is wrong with the members of a file, right or not. Paths in them are relative to `folder`. */
type FurtherCheck = (members: object, folder: string) => readonly ValidationIssue[];

/** `loadConfig` with a check of the caller's own, which also sees the members that the schema refuses. */
export function readConfig(
  path: string,
  variables: Variables = readEnvironment().settings,
  furtherCheck: FurtherCheck = () => [],
): Config {
  const absolute = resolve(path);
  const base = dirname(absolute);
  const read = readYamlAs(configurationSchema, textOf(absolute), { variables, inFileOnly: IN_FILE_ONLY });
  if (read.problems) {
    const others = read.sound ? flawsOfSound(read.sound, base) : [];
    const further = read.sound ? placed(furtherCheck(read.sound.members, base), read.sound.locate) : [];
    throw new FlawedFile(path, firstProblems([...read.problems, ...others, ...further]));
  }
  const config = withAbsolutePaths(read.value, base);
  const flaws = placed([...flawsBetween(config), ...furtherCheck(config, base)], read.locate);
  if (flaws.length > 0) throw new FlawedFile(path, firstProblems(flaws));
  const two_persons = config.two_persons ?? config.mode === 'production';
  return deepFreeze({ ...config, two_persons, file: absolute, variables });
}

function placed(flaws: readonly ValidationIssue[], locate: Locate): readonly Problem[] {
  return flaws.map((flaw) => problemOf(flaw, locate));
}

const NO_TOKEN = { module: '-', token_label: '-', token_serial: '-', pin_file: '-' };

/** What does not hold between members that are right each for itself, so that all mistakes are told at once. */
function flawsOfSound({ value, locate }: SoundMembers, base: string): readonly Problem[] {
  const parsed = configurationSchema.safeParse({ hsm: NO_TOKEN, ...value });
  if (!parsed.success) return [];
  const flaws = flawsBetween(withAbsolutePaths(parsed.data, base));
  return placed(
    flaws.filter(({ path }) => String(path[0]) in value),
    locate,
  );
}

/** What holds between members. */
function flawsBetween(config: Resolved): readonly ValidationIssue[] {
  return [
    ...personFlaws(config),
    ...listenerFlaws(config),
    ...sharedTokenFlaws(config),
    ...replacementFlaws(config.hsm),
  ];
}

type SoundMembers = NonNullable<Extract<ReturnType<typeof readYamlAs>, { problems: object }>['sound']>;

function textOf(path: string): string {
  try {
    // A device is read without end.
    if (statSync(path).isCharacterDevice()) {
      throw Object.assign(new Error('a device'), { code: 'it is no file' });
    }
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const advice =
      code === 'ENOENT'
        ? 'there is no such file; name it with --config, or make it as docs/production.md shows'
        : `it cannot be read (${code})`;
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
    database: databaseSettings(raw.database, at),
    ledger: { ...raw.ledger, archive_dir: at(raw.ledger.archive_dir) },
    audit: { ...raw.audit, sinks: raw.audit.sinks.map((sink) => withAbsoluteSink(sink, at)) },
    notifications: notificationSettings(raw.notifications, at),
    probes: probeSettings(raw.probes, at),
    tracing: tracingSettings(raw.tracing, at),
    hsm: withTokenFiles(raw.hsm, FIRST_TOKEN, base),
    hsm_tokens: Object.fromEntries(
      Object.entries(raw.hsm_tokens).map(([name, token]) => [name, withTokenFiles(token, name, base)]),
    ),
  };
}

function databaseSettings(raw: Raw['database'], at: (path: string) => string): DatabaseSettings {
  if (raw.url_file === undefined) return { file: at(raw.file ?? 'keyward.db') };
  const { durability = 'replicated', copies = 1 } = raw;
  const control = raw.control_url_file === undefined ? {} : { control_url_file: at(raw.control_url_file) };
  return { url_file: at(raw.url_file), ...control, durability, copies };
}

function withAbsoluteSink(sink: AuditSinkConfig, at: (path: string) => string): AuditSinkConfig {
  if (sink.type === 'file') return { ...sink, file: at(sink.file) };
  return sink.tls?.ca_file ? { ...sink, tls: { ca_file: at(sink.tls.ca_file) } } : sink;
}

function personFlaws({ mode, two_persons }: Resolved): readonly ValidationIssue[] {
  if (mode === 'development' || two_persons !== false) return [];
  return [
    { path: ['two_persons'], advice: 'production needs it; leave it out, and enrol a second operator' },
  ];
}

function listenerFlaws(config: Resolved): readonly ValidationIssue[] {
  return (['data_plane', 'operations_plane'] as const)
    .filter(
      (name) =>
        !(isLoopbackHost(config[name].host) || config[name].tls || config[name].trusted_proxies.length > 0),
    )
    .map((name) => ({
      path: [name, 'host'],
      advice: `${config[name].host} is not loopback; give it tls, or name in trusted_proxies what ends TLS for it`,
    }));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
