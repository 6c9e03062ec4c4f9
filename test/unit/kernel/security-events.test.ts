import { describe, expect, it } from 'vitest';
import { EVIDENCE_FIELDS } from '../../../src/kernel/event-evidence.ts';
import {
  eventType,
  SECURITY_EVENT_TYPES,
  SEVERITIES,
  severitiesOf,
} from '../../../src/kernel/security-event-types.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';

const nameOf = (member: string) => member.replace(/\?$/, '');

describe('the table of security events', () => {
  it.each(SECURITY_EVENT_TYPES)('%s is told once for each of what its evidence has', (name) => {
    const { evidence, oncePer, meaning } = eventType(name);
    const names = evidence.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    expect(oncePer.filter((member) => !names.includes(member))).toEqual([]);
    expect(oncePer.length).toBeGreaterThan(0);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(severitiesOf(name).length).toBeGreaterThan(0);
  });

  it('has no member of evidence that no type uses', () => {
    const used = new Set(SECURITY_EVENT_TYPES.flatMap((name) => eventType(name).evidence.map(nameOf)));
    expect(Object.keys(EVIDENCE_FIELDS).filter((name) => !used.has(name))).toEqual([]);
  });

  it('knows all severities', () => {
    expect(new Set(SECURITY_EVENT_TYPES.flatMap(severitiesOf))).toEqual(new Set(SEVERITIES));
  });
});

describe('a security event', () => {
  const window = {
    scope: 'payments',
    kid: 'k1',
    sign_until: 9,
    due_at: 8,
    expected_at: 8,
    paused_until: null,
  };

  it('has its severity, key and subject from the table', () => {
    const evidence = { ...window, obstacle: null, percent: 75 };
    expect(securityEvent('key.window_nearly_over', evidence)).toEqual({
      type: 'key.window_nearly_over',
      severity: 'info',
      dedupKey: '["k1",75]',
      subject: 'key:k1',
      evidence,
    });
    const paused = securityEvent('key.window_nearly_over', { ...evidence, obstacle: 'paused' });
    expect(paused.severity).toBe('warning');
    expect(paused.dedupKey).toBe('["k1",75]');
  });

  it('is another one where a value that it is told for differs', () => {
    const jump = (wall: number) =>
      securityEvent('clock.jump', { jump: 'departed', wall, expected: 1 }).dedupKey;
    expect([jump(1), jump(2)]).toEqual(['["departed",1,1]', '["departed",2,1]']);
  });
});
