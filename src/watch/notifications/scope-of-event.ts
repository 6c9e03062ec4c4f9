import type { SecurityEvent } from '../../domain/security-events.ts';

/** The scope that an event is about, as its evidence or its subject names it; null where it names none. */
export function scopeOfEvent(
  { subject, evidence }: Pick<SecurityEvent, 'subject' | 'evidence'>,
  scopeOfKey: (kid: string) => string | undefined,
): string | null {
  if (typeof evidence?.scope === 'string') return evidence.scope;
  const [, kind, name = ''] = /^(scope|key):(.+)$/.exec(subject) ?? [];
  if (kind === 'scope') return name;
  return kind === 'key' ? (scopeOfKey(name) ?? null) : null;
}
