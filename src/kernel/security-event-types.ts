import type { Evidence, FieldRef, NameOf } from './event-evidence.ts';

/** From how much of a disk in use on people are told, in percent of what the service may use of it. */
export const DISK_ALARM_PERCENT = { warning: 75, critical: 90 } as const;

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The severities that a type may have, each with when it has it. */
interface Graded<R extends FieldRef> {
  readonly when: Partial<Readonly<Record<Severity, string>>>;
  readonly of: (evidence: Evidence<R>) => Severity;
}

export interface EventTypeRule<R extends FieldRef> {
  readonly severity: Severity | Graded<R>;
  /** What has happened, in a sentence for whoever is woken by it. */
  readonly meaning: string;
  /** What to do: a section under `docs/runbooks/`. */
  readonly runbook: `${string}.md#${string}`;
  /** In the order in which it is shown. */
  readonly evidence: readonly R[];
  /** What is told once is told again only where one of these differs. */
  readonly oncePer: readonly NoInfer<NameOf<R>>[];
  /** Whom or what it is about, such as `key:<kid>`. */
  readonly subject: (evidence: Evidence<R>) => string;
}

const type = <const R extends FieldRef>(rule: EventTypeRule<R>): EventTypeRule<R> => rule;

const ofKey = ({ kid }: { readonly kid: string }) => `key:${kid}`;
const ofClient = ({ client }: { readonly client: string }) => `client:${client}`;
const ofScope = ({ scope }: { readonly scope: string }) => `scope:${scope}`;

const ofHsmToken = ({ hsm_token }: { readonly hsm_token: string }) => `hsm:${hsm_token}`;

const FOUND = ['finding', 'hsm_token', 'serial', 'hsm_id?', 'kid?', 'scope?', 'details', 'taken_at'] as const;
const foundOnce = ['hsm_token', 'finding', 'hsm_id', 'kid', 'details', 'taken_at'] as const;
const ofFound = ({ kid, hsm_token, hsm_id }: Evidence<(typeof FOUND)[number]>) =>
  kid === null ? `hsm_object:${hsm_token}/${hsm_id ?? ''}` : `key:${kid}`;

const WINDOW = [
  'scope',
  'kid',
  'sign_until',
  'due_at',
  'expected_at?',
  'obstacle?',
  'paused_until?',
] as const;

const UNFINISHED = ['chore', 'concerns', 'failed_at'] as const;

/** Of each event that tells what people did: who, why, and where the audit trail has it. */
export const DONE = ['by', 'approved_by?', 'why?', 'request_id?', 'at', 'audit_event'] as const;
const doneOnce = ['audit_event'] as const;

/** What two persons did was told while it waited for approval. */
const unlessApproved = {
  when: {
    info: 'one person may do it, another approved it, or in development one decides everything',
    warning: 'it takes two, and one did it',
  },
  of: ({ alone, single_operator }: { readonly alone: boolean; readonly single_operator: boolean }) =>
    alone && !single_operator ? 'warning' : 'info',
} as const;

const unlessRehearsed = <S extends Severity>(severity: S, otherwise: string) => ({
  when: { info: 'on a drill scope', [severity]: otherwise },
  of: ({ rehearsal }: { readonly rehearsal: boolean }): Severity => (rehearsal ? 'info' : severity),
});

const SOMETHING_CHANGED = 'people-and-pins.md#somebody-changed-something';
const COMPROMISE_DECLARED = 'emergency.md#somebody-declared-a-compromise';

/**
 * Every type of security event there is, closed. `docs/events.md` is made from it. Who raises one gives its
 * evidence; all else follows from here.
 */
export const SECURITY_EVENTS = {
  'token.never_issued': type({
    severity: 'critical',
    meaning: 'A token has a right signature, and the ledger has no record of it: somebody else used the key.',
    runbook: 'suspicious-tokens.md#tokennever_issued',
    evidence: ['scope', 'kid', 'digest', 'header', 'claims', 'record?'],
    oncePer: ['digest'],
    subject: ofKey,
  }),
  'token.unproven': type({
    severity: 'critical',
    meaning:
      'A token was refused that has a right signature, no record, and the date of a time whose records may be lost. Unless they are, somebody else used the key.',
    runbook: 'suspicious-tokens.md#tokenunproven',
    evidence: ['scope', 'kid', 'digest', 'header', 'claims'],
    oncePer: ['digest'],
    subject: ofKey,
  }),
  'token.cross_scope': type({
    severity: {
      when: {
        warning: 'the ledger has the token',
        critical: 'it names the presented scope, or has no record',
      },
      of: ({ names_scope, recorded }) => (recorded === true && !names_scope ? 'warning' : 'critical'),
    },
    meaning: 'A token signed by another scope’s key was refused.',
    runbook: 'suspicious-tokens.md#tokencross_scope',
    evidence: ['scope', 'key_scope', 'kid', 'client?', 'digest?', 'names_scope', 'recorded?', 'claims?'],
    oncePer: ['scope', 'kid', 'client', 'digest'],
    subject: ofKey,
  }),
  'token.retired_key': type({
    severity: 'critical',
    meaning: 'A token dated outside the signing window of its key was refused.',
    runbook: 'suspicious-tokens.md#tokenretired_key',
    evidence: ['scope', 'kid', 'key_state', 'client?', 'digest', 'iat?', 'sign_until', 'recorded?', 'claims'],
    oncePer: ['digest'],
    subject: ofKey,
  }),
  'token.compromised_key': type({
    severity: {
      when: {
        info: 'the ledger has the token',
        critical: 'not on record, or unknown',
      },
      of: ({ recorded }) => (recorded === true ? 'info' : 'critical'),
    },
    meaning: 'A token of a compromised key was refused.',
    runbook: 'suspicious-tokens.md#tokencompromised_key',
    evidence: ['scope', 'kid', 'client?', 'digest?', 'recorded?', 'claims?'],
    oncePer: ['kid', 'client', 'digest'],
    subject: ofKey,
  }),
  'token.suspicious_header': type({
    severity: 'warning',
    meaning: 'A token with a header that can mislead verifiers, such as `jku`, was refused.',
    runbook: 'suspicious-tokens.md#tokensuspicious_header',
    evidence: ['scope', 'client?', 'member', 'since'],
    oncePer: ['scope', 'client', 'member', 'since'],
    subject: ofScope,
  }),
  'client.new_source': type({
    severity: {
      when: {
        info: 'near a known network',
        warning: 'near none',
      },
      of: ({ near }) => (near ? 'info' : 'warning'),
    },
    meaning: 'A credential was used from a network that is new for it.',
    runbook: 'suspicious-callers.md#clientnew_source',
    evidence: ['caller', 'remote', 'network', 'near', 'networks', 'since'],
    oncePer: ['caller', 'network', 'since'],
    subject: ({ caller }) => caller,
  }),
  'client.unusual_rate': type({
    severity: {
      when: {
        info: 'known for less than a week, and below ten times its history',
        warning: 'ten times its history, or far above other weeks',
      },
      of: ({ settled, count, expected }) => (settled || count >= 10 * expected ? 'warning' : 'info'),
    },
    meaning: 'A client gets far more tokens in a minute than usual.',
    runbook: 'suspicious-callers.md#clientunusual_rate',
    evidence: ['client', 'scope', 'count', 'expected', 'settled', 'since'],
    oncePer: ['client', 'since'],
    subject: ofClient,
  }),
  'client.denied_burst': type({
    severity: 'warning',
    meaning: 'A caller, or anonymous callers, were refused far more often than usual.',
    runbook: 'suspicious-callers.md#clientdenied_burst',
    evidence: ['caller?', 'plane', 'code', 'remote?', 'count', 'expected', 'since'],
    oncePer: ['caller', 'plane', 'since'],
    subject: ({ caller, plane }) => caller ?? `plane:${plane}`,
  }),
  'credential.malformed_burst': type({
    severity: 'warning',
    meaning: 'Many malformed credentials arrived: somebody guesses, or a client has a broken secret.',
    runbook: 'suspicious-callers.md#credentialmalformed_burst',
    evidence: ['plane', 'remote?', 'count', 'expected', 'since'],
    oncePer: ['plane', 'since'],
    subject: ({ plane }) => `plane:${plane}`,
  }),
  'canary.touched': type({
    severity: 'critical',
    meaning: 'A canary was used: somebody was where it was planted.',
    runbook: 'canary-touched.md#canarytouched',
    evidence: [
      'canary',
      'decoy',
      'use',
      'planted',
      'scope?',
      'caller?',
      'remote?',
      'network?',
      'request_id?',
      'hour',
      'details',
    ],
    oncePer: ['canary', 'use', 'caller', 'network', 'details', 'hour'],
    subject: ({ canary }) => `canary:${canary}`,
  }),
  'credential.leaked': type({
    severity: 'critical',
    meaning: 'A credential, token or PIN was found where others can read it.',
    runbook: 'leaks.md#credentialleaked',
    evidence: [
      'leaked',
      'holder?',
      'scope?',
      'scopes',
      'kid?',
      'leaked_digest?',
      'since?',
      'leaked_at',
      'source',
      'reported_by',
      'reporter',
      'withdrawn',
    ],
    // What a scan told first must not hide that a code host finds it in public.
    oncePer: ['leaked', 'holder', 'leaked_digest', 'since', 'reporter', 'withdrawn'],
    subject: ({ leaked, holder, scope }) => holder ?? (leaked === 'pin' ? 'hsm' : `scope:${scope}`),
  }),
  'key.missing': type({
    severity: 'critical',
    meaning: 'A registered key, or half of it, is no longer in the HSM token.',
    runbook: 'keys-in-doubt.md#keymissing',
    evidence: FOUND,
    oncePer: foundOnce,
    subject: ofFound,
  }),
  'key.unexpected': type({
    severity: {
      when: {
        warning: 'the object has no label of ours',
        critical: 'it has one, or is half of a destroyed key',
      },
      of: ({ finding, details }) =>
        finding === 'not_destroyed' || details.some((detail) => detail.includes('labelled kw1.'))
          ? 'critical'
          : 'warning',
    },
    meaning: 'The HSM token holds an object without a registry row. It is not adopted.',
    runbook: 'keys-in-doubt.md#keyunexpected',
    evidence: FOUND,
    oncePer: foundOnce,
    subject: ofFound,
  }),
  'key.unproven': type({
    severity: 'critical',
    meaning: 'A key in the HSM was changed, or shares its id. It is out of service.',
    runbook: 'keys-in-doubt.md#keyunproven',
    evidence: FOUND,
    oncePer: foundOnce,
    subject: ofFound,
  }),
  'key.active_missing': type({
    severity: 'critical',
    meaning: 'The active key of a scope is missing from its HSM token, or not proven: no tokens.',
    runbook: 'keys-in-doubt.md#keyactive_missing',
    evidence: ['scope', 'kid', 'hsm_token', 'since', 'why'],
    oncePer: ['kid', 'since'],
    subject: ofScope,
  }),
  'key.standby_missing': type({
    severity: 'warning',
    meaning: 'A scope has no standby key, and making one failed. It is retried.',
    runbook: 'keys-in-doubt.md#keystandby_missing',
    evidence: UNFINISHED,
    oncePer: ['chore', 'failed_at'],
    subject: ({ concerns }) => concerns,
  }),
  'key.change_unfinished': type({
    severity: 'warning',
    meaning: 'A due step of a key lifecycle failed. It is retried.',
    runbook: 'keys-in-doubt.md#keychange_unfinished',
    evidence: UNFINISHED,
    oncePer: ['chore', 'failed_at'],
    subject: ({ concerns }) => concerns,
  }),
  'key.window_nearly_over': type({
    severity: {
      when: { info: 'rotation is automatic', warning: 'something blocks it' },
      of: ({ obstacle }) => (obstacle === null ? 'info' : 'warning'),
    },
    meaning: 'An active key has used 75 % or 90 % of its signing window.',
    runbook: 'scheduled-rotation.md#a-signing-window-runs-out',
    evidence: [...WINDOW, 'percent'],
    oncePer: ['kid', 'percent'],
    subject: ofKey,
  }),
  'rotation.overdue': type({
    severity: {
      when: {
        warning: 'due for a minute',
        critical: 'the window is over: no tokens',
      },
      of: ({ window_over }) => (window_over ? 'critical' : 'warning'),
    },
    meaning: 'A due rotation did not happen.',
    runbook: 'scheduled-rotation.md#a-signing-window-runs-out',
    evidence: [...WINDOW, 'window_over'],
    oncePer: ['kid', 'window_over'],
    subject: ofKey,
  }),
  'drill.overdue': type({
    severity: 'warning',
    meaning: 'An emergency drill is overdue.',
    runbook: 'scheduled-rotation.md#rehearsals',
    evidence: ['drill', 'since', 'last_passed_at?', 'overdue_at'],
    oncePer: ['drill', 'since'],
    subject: ({ drill }) => `drill:${drill}`,
  }),
  'review.overdue': type({
    severity: 'warning',
    meaning: 'The log review is overdue.',
    runbook: 'log-review.md#reviewoverdue',
    evidence: ['since', 'last_signed_off_at?', 'overdue_at'],
    oncePer: ['since'],
    subject: () => 'reviews',
  }),
  'verifier.outdated': type({
    severity: 'warning',
    meaning: 'A connected verifier has an outdated key set.',
    runbook: 'scheduled-rotation.md#rotation-is-automatic',
    evidence: ['scope', 'client', 'instance', 'holds?', 'published', 'connected_since?'],
    oncePer: ['scope', 'client', 'instance', 'published'],
    subject: ofScope,
  }),
  'verifier.lenient': type({
    severity: {
      when: {
        warning: 'it refused the fresh token',
        critical: 'it accepted a bad one',
      },
      of: ({ probe }) => (probe === 'fresh' ? 'warning' : 'critical'),
    },
    meaning: 'A probed verifier gave a wrong answer to a token.',
    runbook: 'probed-verifiers.md#verifierlenient',
    evidence: ['client', 'scope', 'probe', 'status', 'at', 'day'],
    oncePer: ['client', 'scope', 'probe', 'day'],
    subject: ofClient,
  }),
  'verifier.unprobed': type({
    severity: 'warning',
    meaning: 'Several probes of a verifier got no clear answer.',
    runbook: 'probed-verifiers.md#verifierunprobed',
    evidence: ['client', 'scope', 'probe', 'since', 'count', 'why'],
    oncePer: ['client', 'scope', 'probe', 'since'],
    subject: ofClient,
  }),
  'registry.signature_invalid': type({
    severity: 'critical',
    meaning: 'A registry row does not match its signature. It is not used.',
    runbook: 'changed-records.md#registrysignature_invalid',
    evidence: ['table', 'row', 'why', 'day'],
    oncePer: ['table', 'row', 'why', 'day'],
    subject: ({ table, row }) => `${table}:${row}`,
  }),
  'database.restored': type({
    severity: 'critical',
    meaning: 'An older copy of the database was restored, and two persons accepted the loss.',
    runbook: 'restored-database.md#once-it-is-accepted',
    evidence: ['gap', 'issued_from', 'issued_until', 'first_event', 'last_event', 'not_repeated'],
    oncePer: ['gap', 'issued_until'],
    subject: () => 'database',
  }),
  'hsm.pin_rejected': type({
    severity: 'critical',
    meaning: 'The PIN of an HSM token was rejected, or its login got no answer.',
    runbook: 'people-and-pins.md#the-pin-is-latched-pin_latched',
    evidence: ['hsm_token', 'since', 'why'],
    oncePer: ['hsm_token', 'since'],
    subject: ofHsmToken,
  }),
  'hsm.unavailable': type({
    severity: 'critical',
    meaning: 'An HSM token is away for ten seconds: no tokens of its keys.',
    runbook: 'hsm-outage.md#an-hsm-token-is-away-hsm_unavailable',
    evidence: ['hsm_token', 'since', 'why'],
    oncePer: ['hsm_token', 'since'],
    subject: ofHsmToken,
  }),
  'hsm.failed_over': type({
    severity: 'warning',
    meaning:
      'An HSM token is away, and standbys on others sign for its scopes. The next outage has no standby yet.',
    runbook: 'hsm-outage.md#standbys-took-over-hsmfailed_over',
    evidence: ['hsm_token', 'scopes', 'waiting', 'why?', 'at', 'audit_event'],
    oncePer: doneOnce,
    subject: ofHsmToken,
  }),
  'audit.chain_broken': type({
    severity: 'critical',
    meaning: 'Somebody changed the audit trail, the ledger or a revocation after it was written.',
    runbook: 'changed-records.md#auditchain_broken',
    evidence: ['chain', 'place', 'why', 'day'],
    oncePer: ['chain', 'place', 'day'],
    subject: ({ chain }) => `chain:${chain}`,
  }),
  'database.schema_changed': type({
    severity: 'critical',
    meaning: 'The schema of the database was changed. Changes and tokens are refused.',
    runbook: 'changed-records.md#databaseschema_changed',
    evidence: ['why', 'day'],
    oncePer: ['why', 'day'],
    subject: () => 'database:schema',
  }),
  'ledger.end_unproven': type({
    severity: 'warning',
    meaning:
      'Nobody can tell whether the last records of the ledger are there. Tokens of that time that it lacks are answered with 503.',
    runbook: 'restored-database.md#ledgerend_unproven',
    evidence: ['issued_from', 'issued_until'],
    oncePer: ['issued_from', 'issued_until'],
    subject: () => 'chain:ledger',
  }),
  'ledger.archive_missing': type({
    severity: 'warning',
    meaning:
      'A front lacks segments of the ledger’s archive. It answers nothing about their records, and archives none.',
    runbook: 'several-fronts.md#ledgerarchive_missing',
    evidence: ['host', 'details', 'since'],
    oncePer: ['host', 'since'],
    subject: ({ host }) => `archive:${host}`,
  }),
  'audit.unwitnessed': type({
    severity: 'critical',
    meaning: 'Only the database has the end of the audit trail: somebody may have written it.',
    runbook: 'changed-records.md#auditunwitnessed',
    evidence: ['place', 'why'],
    oncePer: ['place', 'why'],
    subject: () => 'chain:audit',
  }),
  'audit.sink_failing': type({
    severity: 'warning',
    meaning: 'An audit sink accepted nothing for a minute.',
    runbook: 'audit-sinks.md#auditsink_failing',
    evidence: ['sink', 'since', 'why'],
    oncePer: ['sink', 'since'],
    subject: ({ sink }) => `sink:${sink}`,
  }),
  'audit.sink_changed': type({
    severity: {
      when: {
        info: 'it was rotated and no line is missing',
        warning: 'somebody else wrote to it',
        critical: 'lines that it had confirmed are gone',
      },
      of: ({ change }) => (change === 'rotated' ? 'info' : change === 'foreign' ? 'warning' : 'critical'),
    },
    meaning: 'The file of an audit sink was changed from outside. What it lacks is written again.',
    runbook: 'audit-sinks.md#auditsink_changed',
    evidence: ['sink', 'change', 'since', 'why', 'lost'],
    oncePer: ['sink', 'change', 'since', 'why'],
    subject: ({ sink }) => `sink:${sink}`,
  }),
  'database.failing': type({
    severity: 'critical',
    meaning: 'The database cannot be read or written: no tokens.',
    runbook: 'service.md#the-database-fails-databasefailing',
    evidence: ['since', 'why'],
    oncePer: ['since', 'why'],
    subject: () => 'database',
  }),
  'log.failing': type({
    severity: 'warning',
    meaning: 'Log lines are lost: the disk is full, or nobody reads the log.',
    runbook: 'service.md#lines-of-the-log-are-lost-logfailing',
    evidence: ['since', 'why'],
    oncePer: ['since'],
    subject: () => 'log',
  }),
  'service.file_descriptors': type({
    severity: 'critical',
    meaning: 'File descriptors run short: 90 % are in use, or none is left.',
    runbook: 'service.md#file-descriptors-run-short',
    evidence: ['since', 'why'],
    oncePer: ['since'],
    subject: () => 'service',
  }),
  'service.single_operator': type({
    severity: 'warning',
    meaning: 'Two operators could decide together, and the configuration lets each of them decide alone.',
    runbook: 'people-and-pins.md#one-operator-decides-alone',
    evidence: ['since'],
    oncePer: ['since'],
    subject: () => 'service',
  }),
  'service.certificate_expiring': type({
    severity: {
      when: {
        warning: 'two weeks are left, or a fifth of its life',
        critical: 'it has ended',
      },
      of: ({ expired }) => (expired ? 'critical' : 'warning'),
    },
    meaning: 'Nobody renews the TLS certificate of a plane: clients refuse it once it has ended.',
    runbook: 'service.md#a-certificate-is-not-renewed',
    evidence: ['plane', 'valid_until', 'expired'],
    oncePer: ['plane', 'valid_until', 'expired'],
    subject: ({ plane }) => `plane:${plane}`,
  }),
  'service.reloaded': type({
    severity: 'info',
    meaning: 'Configuration or certificates were read again, and what is named took effect.',
    runbook: 'service.md#a-reload-took-effect-servicereloaded',
    evidence: ['details', 'by', 'request_id?', 'at'],
    oncePer: ['details', 'at'],
    subject: () => 'service',
  }),
  'service.reload_refused': type({
    severity: 'warning',
    meaning:
      'Configuration or certificates were changed and not taken over: something is wrong, or takes a restart.',
    runbook: 'service.md#a-reload-was-refused',
    evidence: ['details', 'day'],
    oncePer: ['details', 'day'],
    subject: () => 'service',
  }),
  'notification.outbox_changed': type({
    severity: 'critical',
    meaning: 'Somebody changed pending messages in the outbox. They are sent anyway.',
    runbook: 'notifications.md#notificationoutbox_changed',
    evidence: ['details', 'at'],
    oncePer: ['at'],
    subject: () => 'notifications',
  }),
  'notification.failing': type({
    severity: 'warning',
    meaning: 'A notification target accepted nothing for a minute. The other targets are notified.',
    runbook: 'notifications.md#notificationfailing',
    evidence: ['notification_target', 'since', 'why'],
    oncePer: ['notification_target', 'since'],
    subject: ({ notification_target }) => `notification_target:${notification_target}`,
  }),
  'ledger.disk': type({
    severity: {
      when: { warning: '75 % used', critical: '90 %' },
      of: ({ percent }) => (percent >= DISK_ALARM_PERCENT.critical ? 'critical' : 'warning'),
    },
    meaning: 'The disk of the database or the archive is filling up. A full one stops issuing.',
    runbook: 'full-disk.md#ledgerdisk',
    evidence: ['volume', 'percent', 'used', 'since'],
    oncePer: ['volume', 'percent', 'since'],
    subject: ({ volume }) => `disk:${volume}`,
  }),
  'report.received': type({
    severity: {
      when: {
        info: 'only an unknown token was reported',
        warning: 'it has a text, a real token (issued, or validly signed), a credential or a PIN',
      },
      of: ({ written, recorded, signature, credentials }) =>
        written || recorded || signature === 'right' || credentials > 0 ? 'warning' : 'info',
    },
    meaning: 'Somebody reported a token, a credential or an incident.',
    runbook: 'reports.md#reportreceived',
    evidence: [
      'report',
      'scope',
      'written',
      'credentials',
      'digest?',
      'recorded?',
      'signature?',
      'client?',
      'about',
    ],
    oncePer: ['about'],
    subject: ofScope,
  }),
  'report.overdue': type({
    severity: 'warning',
    meaning: 'A report waits too long.',
    runbook: 'reports.md#reportoverdue',
    evidence: ['report', 'scope', 'received_at', 'overdue_at', 'untaken?'],
    oncePer: ['report'],
    subject: ofScope,
  }),
  'report.flood': type({
    severity: 'warning',
    meaning: 'Reports exceed a limit: further ones raise no event, or are refused.',
    runbook: 'reports.md#reportflood',
    evidence: ['since', 'count', 'refused'],
    oncePer: ['since', 'refused'],
    subject: () => 'reports',
  }),
  'clock.jump': type({
    severity: 'critical',
    meaning: 'The clock cannot be trusted: no tokens until it is right, or two operators confirm it.',
    runbook: 'restored-database.md#no-tokens-clock_jump',
    evidence: ['jump', 'wall', 'expected'],
    oncePer: ['jump', 'wall', 'expected'],
    subject: () => 'clock',
  }),
  'key.compromised': type({
    severity: unlessRehearsed('critical', 'on any other scope'),
    meaning: 'Somebody declared a signing key compromised: nothing that it signed is accepted.',
    runbook: COMPROMISE_DECLARED,
    evidence: ['scope', 'kid', 'rehearsal', ...DONE],
    oncePer: doneOnce,
    subject: ofKey,
  }),
  'hsm.compromised': type({
    severity: 'critical',
    meaning: 'Somebody declared the PIN of an HSM token compromised: nothing of its keys is accepted.',
    runbook: COMPROMISE_DECLARED,
    evidence: ['hsm_token', 'scopes', ...DONE],
    oncePer: doneOnce,
    subject: ofHsmToken,
  }),
  'key.suspended': type({
    severity: unlessRehearsed('warning', 'on any other scope'),
    meaning: 'A key was suspended: it neither signs nor verifies.',
    runbook: 'emergency.md#a-key-was-suspended-or-resumed',
    evidence: ['scope', 'kid', 'rehearsal', ...DONE],
    oncePer: doneOnce,
    subject: ofKey,
  }),
  'key.resumed': type({
    severity: unlessRehearsed('warning', 'on any other scope'),
    meaning: 'A suspended key was resumed: what it signed is accepted again.',
    runbook: 'emergency.md#a-key-was-suspended-or-resumed',
    evidence: ['scope', 'kid', 'rehearsal', ...DONE],
    oncePer: doneOnce,
    subject: ofKey,
  }),
  'operator.changed': type({
    severity: 'warning',
    meaning: 'An operator was created or revoked, or got other roles or another credential.',
    runbook: SOMETHING_CHANGED,
    evidence: ['operator', 'act', 'roles?', ...DONE],
    oncePer: doneOnce,
    subject: ({ operator }) => `operator:${operator}`,
  }),
  'client.changed': type({
    severity: unlessApproved,
    meaning: 'A client, its credential, its grants or its probe was changed.',
    runbook: SOMETHING_CHANGED,
    evidence: ['client', 'act', 'scope?', 'action?', 'alone', 'single_operator', ...DONE],
    oncePer: doneOnce,
    subject: ofClient,
  }),
  'scope.changed': type({
    severity: unlessApproved,
    meaning: 'A scope was created, or its policy, contacts or HSM token were changed.',
    runbook: SOMETHING_CHANGED,
    evidence: ['scope', 'act', 'details', 'alone', 'single_operator', ...DONE],
    oncePer: doneOnce,
    subject: ofScope,
  }),
  'act.performed': type({
    severity: unlessApproved,
    meaning: 'An administrative act was performed that no other type names.',
    runbook: SOMETHING_CHANGED,
    evidence: ['act', 'concerns', 'scope?', 'alone', 'single_operator', ...DONE],
    oncePer: doneOnce,
    subject: ({ concerns }) => concerns,
  }),
  'rotation.paused': type({
    severity: 'warning',
    meaning: 'The rotation of a scope was paused.',
    runbook: 'scheduled-rotation.md#rotate-now-undo-pause',
    evidence: ['scope', 'paused_until', ...DONE],
    oncePer: doneOnce,
    subject: ofScope,
  }),
  'proposal.waiting': type({
    severity: 'warning',
    meaning: 'A change that takes two persons was proposed, and waits for an approver.',
    runbook: 'people-and-pins.md#a-proposal-waits-proposalwaiting',
    evidence: ['proposal', 'act', 'concerns', 'scope?', 'role', 'expires_at', ...DONE],
    oncePer: doneOnce,
    subject: ({ proposal }) => `proposal:${proposal}`,
  }),
  'hsm.available': type({
    severity: 'info',
    meaning: 'An HSM token is back that `hsm.unavailable` told of.',
    runbook: 'hsm-outage.md#an-hsm-token-is-away-hsm_unavailable',
    evidence: ['hsm_token', 'since'],
    oncePer: ['hsm_token', 'since'],
    subject: ofHsmToken,
  }),
  'condition.over': type({
    severity: 'info',
    meaning: 'What another event told of is over.',
    runbook: 'service.md#a-condition-is-over-conditionover',
    evidence: ['condition', 'concerns', 'since'],
    oncePer: ['condition', 'concerns', 'since'],
    subject: ({ concerns }) => concerns,
  }),
} as const;

export type SecurityEventType = keyof typeof SECURITY_EVENTS;
export const SECURITY_EVENT_TYPES = Object.keys(SECURITY_EVENTS) as readonly SecurityEventType[];

type RefsOf<T extends SecurityEventType> = (typeof SECURITY_EVENTS)[T]['evidence'][number];
export type EvidenceOf<T extends SecurityEventType> = Evidence<RefsOf<T>>;

/** Any of them, as whoever shows or checks it reads it. */
interface AnyEventType extends Omit<EventTypeRule<FieldRef>, 'severity' | 'subject' | 'oncePer'> {
  readonly oncePer: readonly string[];
  readonly severity: Severity | { readonly when: Partial<Readonly<Record<Severity, string>>> };
}

export function eventType(name: SecurityEventType): AnyEventType {
  return SECURITY_EVENTS[name];
}

/** The severities that events of a type may have. */
export function severitiesOf(name: SecurityEventType): readonly Severity[] {
  const { severity } = eventType(name);
  return typeof severity === 'string' ? [severity] : SEVERITIES.filter((each) => each in severity.when);
}
