// Writes docs/events.md, which a test holds against the table of security event types.
import { writeFileSync } from 'node:fs';
import { EVIDENCE_FIELDS } from '../src/kernel/event-evidence.ts';
import {
  DONE,
  eventType,
  SECURITY_EVENT_TYPES,
  type SecurityEventType,
} from '../src/kernel/security-event-types.ts';

const FILE = new URL('../docs/events.md', import.meta.url);

const INTRODUCTION = `# Security events

\`npm run docs:events\` makes this page from \`src/kernel/security-event-types.ts\`.
[Watching](watching.md) gives the overview.

- An event is raised again only if a **bold** member of its evidence differs.
- A member with \`?\` may be null.
- *who did it* stands for ${DONE.map((member) => shown(member, ['audit_event'])).join(', ')}.
`;

export function eventsPage(): string {
  const fields = Object.entries(EVIDENCE_FIELDS).map(
    ([name, { kind, meaning }]) => `| \`${name}\` | ${kind === 'text' ? '' : kind} | ${meaning} |`,
  );
  return [
    INTRODUCTION,
    '## Types\n',
    ...SECURITY_EVENT_TYPES.map(section),
    '## Evidence\n',
    'Members are texts where no kind is given, times seconds since the epoch.\n',
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
    `- evidence: ${evidenceOf(evidence, oncePer)}`,
    '',
  ].join('\n');
}

function evidenceOf(evidence: readonly string[], oncePer: readonly string[]): string {
  const isAct = DONE.every((member) => evidence.includes(member));
  const own = isAct ? evidence.filter((member) => !DONE.some((done) => done === member)) : evidence;
  return [...own.map((member) => shown(member, oncePer)), ...(isAct ? ['*who did it*'] : [])].join(', ');
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
