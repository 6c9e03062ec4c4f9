// Writes docs/events.md, which a test holds against the table of security event types.
import { writeFileSync } from 'node:fs';
import { EVIDENCE_FIELDS } from '../src/kernel/event-evidence.ts';
import {
  eventType,
  SECURITY_EVENT_TYPES,
  type SecurityEventType,
} from '../src/kernel/security-event-types.ts';

const FILE = new URL('../docs/events.md', import.meta.url);

const INTRODUCTION = `# Security events

\`npm run docs:events\` makes this page from \`src/kernel/security-event-types.ts\`.
[Watching](watching.md) gives the overview.

- An event has a type, a severity, a subject and evidence.
  An audit event testifies to it.
- It is counted in \`keyward_security_events_total\`, logged without evidence, listed by \`keyward event list\`, and sent by [notifications](notifications.md).
- Somebody acknowledges it, and resolves it with a note.
- It is raised again only if a **bold** member of its evidence differs.
- *Info* is news, *warning* is for the next working day, *critical* needs action now.
- A member with \`?\` may be null.
`;

export function eventsPage(): string {
  const fields = Object.entries(EVIDENCE_FIELDS).map(
    ([name, { kind, meaning }]) => `| \`${name}\` | ${kind} | ${meaning} |`,
  );
  return [
    INTRODUCTION,
    '## Types\n',
    ...SECURITY_EVENT_TYPES.map(section),
    '## Evidence\n',
    'A name has one meaning in all events.\nTimes are seconds since the epoch.\n',
    '| member | kind | meaning |',
    '|---|---|---|',
    ...fields,
    '',
  ].join('\n');
}

function section(name: SecurityEventType): string {
  const { meaning, runbook, evidence, oncePer } = eventType(name);
  return [
    `### \`${name}\``,
    '',
    meaning.replaceAll(/(?<=[.]) /g, '\n'),
    '',
    `- ${severity(name)}`,
    `- [runbook](runbooks/${runbook})`,
    `- evidence: ${evidence.map((member) => shown(member, oncePer)).join(', ')}`,
    '',
  ].join('\n');
}

function shown(member: string, oncePer: readonly string[]): string {
  return oncePer.includes(member.replace(/\?$/, '')) ? `**\`${member}\`**` : `\`${member}\``;
}

function severity(name: SecurityEventType): string {
  const { severity: is } = eventType(name);
  if (typeof is === 'string') return `*${is}*`;
  return Object.entries(is.when)
    .map(([each, when]) => `*${each}* if ${when}`)
    .join('; ');
}

if (import.meta.main) writeFileSync(FILE, eventsPage());
