import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import { escapedJson } from '../lib/json.ts';

const SECRET_MEMBERS = [
  'authorization',
  'Authorization',
  'cookie',
  'Cookie',
  'set-cookie',
  'token',
  'credential',
  'pin',
  'secret',
] as const;

/** pino's wildcard stands for one level. */
const PARENTS = ['', '*.', '*.*.', '*.*.*.'];

/** The service's logger: JSON lines with ISO times, secrets struck out wherever a member is named like one. */
export function createLogger(options: { level: LevelWithSilent; destination?: DestinationStream }): Logger {
  const children = new Set<Logger>();
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // A log is read in a terminal as well.
    hooks: { streamWrite: escapedJson },
    // Each has a level of its own.
    onChild: (child: Logger) => children.add(child),
    redact: { paths: secretPaths(), censor: '[redacted]' },
  };
  const log = options.destination ? pino(settings, options.destination) : pino(settings);
  families.set(log, children);
  return log;
}

const families = new WeakMap<Logger, ReadonlySet<Logger>>();

/** From now on, also for the loggers made from it. */
export function setLogLevel(log: Logger, level: LevelWithSilent): void {
  for (const each of [log, ...(families.get(log) ?? [])]) each.level = level;
}

function secretPaths(): string[] {
  return PARENTS.flatMap((parent) =>
    SECRET_MEMBERS.map((member) =>
      member.includes('-') ? `${parent.slice(0, -1)}["${member}"]` : parent + member,
    ),
  );
}
