import { z } from 'zod';
import { CONTACT } from '../kernel/scope.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES, type Severity } from '../kernel/security-event-types.ts';
import { didYouMean } from '../lib/did-you-mean.ts';
import { isOfType } from './plan.ts';
import type { NotificationSettings, TargetSettings } from './target-settings.ts';

export type { NotificationSettings };

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const MOST_TARGETS = 16;
const MOST_ROUTES = 16;
const MOST_TYPES = 64;
/** How long a critical event stays with a route that reaches people, unless the route says otherwise. */
const PATIENCE_SECONDS = 900;
const REACHES_PEOPLE: ReadonlySet<TargetSettings['type']> = new Set(['webhook', 'email']);

const name = z.string().regex(NAME, 'use 1 to 32 lower-case letters, digits and inner hyphens');
const file = z.string().min(1);
const host = z.string().min(1).max(253);
const port = z.int().min(1).max(65_535);
const trust = z.strictObject({
  ca_file: file.optional().describe('PEM of its authorities; default: those that Node knows.'),
});
const severity = z.enum(SEVERITIES);
const GROUPS = [...new Set(SECURITY_EVENT_TYPES.map((type) => `${type.slice(0, type.indexOf('.'))}.*`))];
const eventTypes = z.string().superRefine((wanted, context) => {
  if (SECURITY_EVENT_TYPES.some((type) => isOfType(type, wanted))) return;
  const meant = didYouMean(wanted, [...GROUPS, ...SECURITY_EVENT_TYPES]);
  const advice = meant === undefined ? 'docs/events.md lists them' : `did you mean ${meant}?`;
  context.addIssue({ code: 'custom', message: `there is no such type of event; ${advice}` });
});
const address = z.string().max(254).regex(CONTACT, 'use an e-mail address such as security@example.com');

const common = (mostByDefault: number) => ({
  evidence: z
    .boolean()
    .default(false)
    .describe('Sends the evidence too, without what tokens and records say of persons.'),
  messages_per_window: z
    .int()
    .min(1)
    .max(100_000)
    .default(mostByDefault)
    .describe('Messages sent one by one in ten minutes; the rest is summed up.'),
});
const remote = {
  allow_private: z.boolean().default(false).describe('Allows loopback, private and link-local addresses.'),
};

const webhook = z
  .strictObject({
    type: z.literal('webhook').describe('HTTP with Standard Webhooks signatures.'),
    url: z
      .url({ protocol: /^https?$/, error: 'use an https:// URL' })
      .describe('An https URL; http only with `allow_private`.'),
    secret_file: file.describe('File with one to four `whsec_` secrets, a line each.'),
    tls: trust.optional().describe('Whom to trust.'),
    ...remote,
    ...common(120),
  })
  .refine(({ url }) => !/^https?:\/\/[^/]*@/.test(url), {
    path: ['url'],
    error: 'leave out user and password: the signature says who sends',
  })
  .refine(({ url, allow_private }) => allow_private || url.startsWith('https:'), {
    path: ['url'],
    error: 'use https://; http:// only with allow_private',
  });

const email = z
  .strictObject({
    type: z.literal('email').describe('E-mail by SMTP.'),
    host: host.describe('The mail server.'),
    port: port.default(587).describe('Its port.'),
    tls: trust
      .extend({
        mode: z
          .enum(['starttls', 'implicit', 'off'])
          .default('starttls')
          .describe('How TLS begins; without it no password is sent.'),
      })
      .prefault({})
      .describe('How the connection is protected.'),
    user: z.string().min(1).optional().describe('User name; needs `password_file`.'),
    password_file: file.optional().describe('File that holds the password.'),
    from: address.describe('Sender.'),
    to: z.array(address).min(1).max(16).describe('Recipients.'),
    ...remote,
    ...common(30),
  })
  .refine(({ user, password_file }) => (user === undefined) === (password_file === undefined), {
    path: ['user'],
    error: 'give both user and password_file, or neither',
  })
  .refine(({ user, tls }) => user === undefined || tls.mode !== 'off', {
    path: ['tls', 'mode'],
    error: 'a password is not sent without TLS',
  });

const syslog = z.strictObject({
  type: z.literal('syslog').describe('A syslog server (RFC 5424).'),
  host: host.describe('Its host.'),
  port: port.default(601).describe('Its port.'),
  tls: trust.optional().describe('Speaks TLS (RFC 5425).'),
  ...remote,
  ...common(10_000),
});

const target = z.discriminatedUnion('type', [
  webhook,
  email,
  syslog,
  z.strictObject({
    type: z.literal('file').describe('A file of JSON lines.'),
    file: file.describe('Where the lines are appended.'),
    ...common(10_000),
  }),
]);

const route = z
  .strictObject({
    name: name.describe('Its name.'),
    severities: z.array(severity).min(1).optional().describe('Severities that it carries.'),
    min_severity: severity
      .optional()
      .describe(
        'Instead of `severities`: this one and above. Default: warning; with `types` every severity.',
      ),
    types: z
      .array(eventTypes)
      .min(1)
      .max(MOST_TYPES)
      .optional()
      .describe('Event types that it carries, `key.*` for all that begin with `key.`. Default: every type.'),
    targets: z.array(name).min(1).max(MOST_TARGETS).describe('Names of targets.'),
    acknowledge_within_seconds: z
      .int()
      .min(30)
      .max(86_400)
      .nullable()
      .optional()
      .describe(
        'Seconds for an acknowledgement, after which a critical event goes to the next route. Default: 900 if a target reaches people, otherwise null: no acknowledgement is awaited.',
      ),
  })
  .refine(({ severities, min_severity }) => severities === undefined || min_severity === undefined, {
    error: 'give severities or min_severity, not both',
  });

type Route = z.infer<typeof route>;

/** The section `notifications` of the configuration. */
export const notificationSection = z
  .strictObject({
    targets: z
      .record(name, target)
      .refine((targets) => Object.keys(targets).length <= MOST_TARGETS, `name at most ${MOST_TARGETS}`)
      .default({})
      .describe('Where notifications go, by name.'),
    routes: z
      .array(route)
      .max(MOST_ROUTES)
      .optional()
      .describe(
        'Which events go where, in the order of escalation. Default: warnings and above to every target.',
      ),
    contacts: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Whether contacts of scopes are told of events about their scope, by e-mail.'),
        target: name.optional().describe('The e-mail target for it. Default: the first.'),
        min_severity: severity.default('warning').describe('Events from this severity on.'),
      })
      .prefault({}),
    runbooks_url: z
      .string()
      .regex(/^[^\s]*[^\s/]$/, 'leave out the slash at the end')
      .max(512)
      .default('docs/runbooks')
      .describe('Where the runbooks are read, without a trailing slash.'),
    attempts: z.int().min(1).max(20).default(10).describe('Failed attempts after which a delivery is dead.'),
    deadline_ms: z.int().min(100).max(60_000).default(10_000).describe('After it, an attempt is cut off.'),
    heartbeat_seconds: z
      .int()
      .min(60)
      .max(604_800)
      .nullable()
      .default(86_400)
      .describe('How often every target gets a sign of life; null for never.'),
  })
  .prefault({})
  .superRefine(({ targets, routes = [], contacts }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [at, each] of routes.entries()) {
      const unknown = each.targets.find((wanted) => targets[wanted] === undefined);
      if (unknown !== undefined) refuse(['routes', at, 'targets'], `there is no target ${unknown}`);
      if (routes.findIndex((other) => other.name === each.name) < at || each.name === 'contacts') {
        refuse(['routes', at, 'name'], 'name each route once, and none `contacts`');
      }
    }
    if (contacts.target !== undefined && targets[contacts.target]?.type !== 'email') {
      refuse(['contacts', 'target'], 'name a target of type email');
    }
  });

type NotificationSection = z.infer<typeof notificationSection>;

/** With what follows from it filled in, and every path absolute. */
export function notificationSettings(
  section: NotificationSection,
  at: (path: string) => string,
): NotificationSettings {
  const { targets, routes, contacts, runbooks_url, attempts, deadline_ms, heartbeat_seconds } = section;
  const names = Object.keys(targets);
  const byMail = contacts.target ?? names.find((each) => targets[each]?.type === 'email');
  return {
    targets: Object.fromEntries(
      Object.entries(targets).map(([each, settings]) => [each, withAbsolutePaths(settings, at)]),
    ),
    routes: (routes ?? defaultRoutes(names)).map(({ severities, min_severity, ...each }) => ({
      ...each,
      severities: severities ?? from(min_severity ?? (each.types ? 'info' : 'warning')),
      acknowledge_within_seconds: patienceOf(each, targets),
    })),
    contacts:
      contacts.enabled && byMail !== undefined
        ? { target: byMail, severities: from(contacts.min_severity) }
        : null,
    runbooks_url,
    attempts,
    deadline_ms,
    heartbeat_seconds,
  };
}

function defaultRoutes(targets: readonly string[]): Route[] {
  return targets.length === 0 ? [] : [{ name: 'default', targets: [...targets] }];
}

function patienceOf(
  { acknowledge_within_seconds: given, targets: names }: Route,
  targets: NotificationSection['targets'],
): number | null {
  if (given !== undefined) return given;
  const toPeople = names.some((each) => targets[each] && REACHES_PEOPLE.has(targets[each].type));
  return toPeople ? PATIENCE_SECONDS : null;
}

function from(least: Severity): readonly Severity[] {
  return SEVERITIES.slice(SEVERITIES.indexOf(least));
}

function withAbsolutePaths(settings: TargetSettings, at: (path: string) => string): TargetSettings {
  if (settings.type === 'file') return { ...settings, file: at(settings.file) };
  const { tls } = settings;
  const trusted =
    tls?.ca_file === undefined ? settings : { ...settings, tls: { ...tls, ca_file: at(tls.ca_file) } };
  if (trusted.type === 'webhook') return { ...trusted, secret_file: at(trusted.secret_file) };
  if (trusted.type === 'syslog' || trusted.password_file === undefined) return trusted as TargetSettings;
  return { ...trusted, password_file: at(trusted.password_file) } as TargetSettings;
}
