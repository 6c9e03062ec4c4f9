import type { SecurityEvent } from '../../kernel/security-events.ts';

/** The scopes that an event is about, as its evidence and its subject name them, each once. */
export function scopesOfEvent(
  { subject, evidence }: Pick<SecurityEvent, 'subject' | 'evidence'>,
  scopeOfKey: (kid: string) => string | undefined,
): readonly string[] {
  const [, kind, name = ''] = /^(scope|key):(.+)$/.exec(subject) ?? [];
  const named = [
    evidence?.scope,
    evidence?.key_scope,
    ...(Array.isArray(evidence?.scopes) ? evidence.scopes : []),
    kind === 'scope' ? name : undefined,
    kind === 'key' ? scopeOfKey(name) : undefined,
  ];
  return [...new Set(named.filter((scope) => typeof scope === 'string'))];
}
