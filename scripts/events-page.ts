// Writes docs/events.md, which a test holds against the table of security event types.
import { writeFileSync } from 'node:fs';
import { EVIDENCE_FIELDS, nameOf } from '../src/kernel/event-evidence.ts';
import {
  eventType,
  SECURITY_EVENT_TYPES,
  type SecurityEventType,
} from '../src/kernel/security-event-types.ts';

const FILE = new URL('../docs/events.md', import.meta.url);

const INTRODUCTION = `# Security events

What Keyward notices, of which types, and what to do ([watching](watching.md) is the way in). This page is made from the table in
\`src/kernel/security-event-types.ts\` by \`npm run docs:events\`.

An event has a type, a severity, a subject and its evidence. It is stored with an audit event that testifies to it,
counted in \`keyward_security_events_total\`, logged without its evidence, listed by \`keyward event list\`, and told to
people and machines ([notifications](notifications.md)). Somebody acknowledges it, and resolves it with a note. What was
told is told again only where one of the members named under *told once for each* differs. *Info* is news, *warning* is
for the next working day, *critical* is for now.
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
    'One name means one thing in every event. Times are seconds since the epoch.\n',
    '| member | kind | what it says |',
    '|---|---|---|',
    ...fields,
    '',
  ].join('\n');
}

function section(name: SecurityEventType): string {
  const { meaning, runbook, evidence, oncePer } = eventType(name);
  const members = evidence.map((ref) => `\`${nameOf(ref)}\`${ref.endsWith('?') ? ' (or null)' : ''}`);
  return [
    `### \`${name}\``,
    '',
    meaning,
    '',
    `- severity: ${severity(name)}`,
    `- what to do: [${runbook.split('#')[0]}](runbooks/${runbook})`,
    `- evidence: ${members.join(', ')}`,
    `- told once for each: ${oncePer.map((member) => `\`${member}\``).join(', ')}`,
    '',
  ].join('\n');
}

function severity(name: SecurityEventType): string {
  const { severity: is } = eventType(name);
  if (typeof is === 'string') return `*${is}*`;
  return Object.entries(is.when)
    .map(([each, when]) => `*${each}* where ${when}`)
    .join('; ');
}

if (import.meta.main) writeFileSync(FILE, eventsPage());
