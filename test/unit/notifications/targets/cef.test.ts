import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventSummary, NotificationMessage } from '../../../../src/notifications/message.ts';
import { cefOf } from '../../../../src/notifications/targets/syslog.ts';

const EVENT: EventSummary = {
  sequence: 17,
  type: 'key.missing',
  severity: 'critical',
  subject: 'key:k1',
  meaning: 'A key is away.',
  runbook: 'docs/runbooks/keys-in-doubt.md#keymissing',
  raised_at: 1_760_000_000,
  state: 'open',
};

const message = (event: Partial<EventSummary>): NotificationMessage => ({
  kind: 'event',
  id: 'msg_1',
  at: 1_760_000_000,
  severity: 'critical',
  title: 'title',
  data: { event: { ...EVENT, ...event } },
});

/** A reader of its own: splits where an unescaped separator stands, and takes the escapes away. */
function read(line: string): { header: string[]; fields: Record<string, string> } {
  const header: string[] = [];
  let part = '';
  let at = 0;
  for (; header.length < 7; at += 1) {
    if (line[at] === '|') {
      header.push(part);
      part = '';
      continue;
    }
    if (line[at] === '\\') at += 1;
    part += line[at];
  }
  const fields: Record<string, string> = {};
  const keys = [...line.slice(at).matchAll(/(?:^| )([A-Za-z0-9]+)(?<!\\)=/g)];
  for (const [index, match] of keys.entries()) {
    const from = at + match.index + match[0].length;
    const to = keys[index + 1] ? at + (keys[index + 1]?.index ?? 0) : line.length;
    fields[match[1] ?? ''] = line
      .slice(from, to)
      .replace(/\\(.)/gs, (_, escaped) => ({ n: '\n', r: '\r' })[escaped as 'n'] ?? escaped);
  }
  return { header, fields };
}

const cleaned = (text: string) => text.toWellFormed().replace(/(?![\r\n])[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');

describe('CEF', () => {
  it('has the event in the header and its facts in fields', () => {
    expect(cefOf(message({ evidence: { kid: 'k=1' } }))).toBe(
      'CEF:0|Keyward|Keyward|1|key.missing|A key is away.|10|' +
        'deviceExternalId=msg_1 cat=security_event.raised rt=1760000000000 externalId=17 cs1Label=subject ' +
        'cs1=key:k1 cs2Label=runbook cs2=docs/runbooks/keys-in-doubt.md#keymissing cs3Label=state cs3=open ' +
        'cs4Label=evidence cs4={"kid":"k\\=1"}',
    );
  });

  it('says of a summary how many, and of a test that it is one', () => {
    const facts = { id: 'm', at: 2, severity: 'warning', title: '5 more' } as const;
    const data = {
      events: 5,
      first_sequence: 3,
      last_sequence: 9,
      severity: 'warning',
      types: ['a', 'b'],
    } as const;
    expect(cefOf({ ...facts, kind: 'summary', data })).toBe(
      'CEF:0|Keyward|Keyward|1|security_event.summary|5 more|6|deviceExternalId=m cat=security_event.summary rt=2000 cnt=5 externalId=9 cs5Label=types cs5=a b',
    );
    expect(cefOf({ ...facts, severity: 'info', kind: 'test', data: {} })).toBe(
      'CEF:0|Keyward|Keyward|1|notification.test|5 more|3|deviceExternalId=m cat=notification.test rt=2000',
    );
  });

  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\\', '|', '=', '\n', '\r', '\u2028', '\0', ' ', 'x', '\ud800', 'é') }),
  );

  it('is one line that reads back as it was told, whatever is in it', () => {
    fc.assert(
      fc.property(text, text, (subject, meaning) => {
        const line = cefOf(message({ subject, meaning }));
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(line.isWellFormed()).toBe(true);
        const { header, fields } = read(line);
        expect(header[5]).toBe(cleaned(meaning).replace(/[\r\n]+/g, ' '));
        expect(fields.cs1).toBe(cleaned(subject));
        expect(fields.cs3).toBe('open');
      }),
      { numRuns: 2_000 },
    );
  });
});
