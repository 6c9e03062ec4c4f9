import { describe, expect, it } from 'vitest';
import { EventLines, readEvent } from '../../../src/client/read-event.ts';

const taken = (lines: EventLines, ...texts: string[]) => texts.flatMap((text) => [...lines.take(text)]);

describe('server-sent events', () => {
  it('are read whatever the pieces they come in, with the id to resume after', () => {
    const text = ': hi\nid: a.1\nevent: key_set\ndata: {"a":\ndata: 1}\n\nevent: revoked\ndata:x\n\n:\n\n';
    for (const size of [1, 2, 7, text.length]) {
      const lines = new EventLines();
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(taken(lines, ...pieces)).toEqual([
        { name: 'key_set', data: '{"a":\n1}' },
        { name: 'revoked', data: 'x' },
      ]);
      expect(lines.lastEventId).toBe('a.1');
    }
  });

  it('an empty id means that nothing may be resumed', () => {
    const lines = new EventLines();
    taken(lines, 'id: a.1\ndata: x\n\nid:\ndata: y\n\n');
    expect(lines.lastEventId).toBe('');
  });

  it.each([
    ['a snowman', '☃'],
    ['a control character', 'a\u0001b'],
    ['a NUL', 'a\0b'],
    ['a space', 'a b'],
    ['65 characters', 'x'.repeat(65)],
    ['20 kB', 'x'.repeat(20_000)],
  ])('an id with %s cannot be sent back, so nothing may be resumed', (_, id) => {
    const lines = new EventLines();
    expect(taken(lines, `id: a.1\ndata: x\n\nid: ${id}\ndata: y\n\n`)).toHaveLength(2);
    expect(lines.lastEventId).toBe('');
  });

  it.each(['AbCdEf_-012.999999999999999', 'x'.repeat(64)])('the id %s is resumed after', (id) => {
    const lines = new EventLines();
    taken(lines, `id: ${id}\ndata: x\n\n`);
    expect(lines.lastEventId).toBe(id);
  });

  it('an id counts once its event is complete', () => {
    const lines = new EventLines();
    taken(lines, 'id: a.1\ndata: x\n');
    expect(lines.lastEventId).toBe('');
    taken(lines, '\n');
    expect(lines.lastEventId).toBe('a.1');
  });

  it('other line ends and fields are taken as the standard has them', () => {
    expect(taken(new EventLines(), 'retry: 5\r\nevent: a\r\ndata: 1\r\n\r\ndata\n\n')).toEqual([
      { name: 'a', data: '1' },
      { name: '', data: '' },
    ]);
  });

  it.each(['data: ', ''])('that grow without end are given up', (start) => {
    const lines = new EventLines();
    expect(() => taken(lines, start, ...Array<string>(17).fill('x'.repeat(64 * 1024)))).toThrow(
      'an event is too long',
    );
  });
});

describe('what an event says', () => {
  it('is read strictly, and an unknown event is passed over', () => {
    expect(readEvent('compromised', '{"kid":"k","version":2}')).toEqual({
      type: 'compromised',
      kid: 'k',
      version: 2,
    });
    expect(readEvent('news', '{}')).toBeUndefined();
  });

  it.each([
    ['key_set', '{"version":1}'],
    ['key_set', '{"version":1,"keys":[{"kid":"k","state":"fine"}]}'],
    ['key_set', '{"version":1,"keys":[1]}'],
    ['compromised', '{"version":1}'],
    ['revoked', '{"revocation":{"sequence":1}}'],
    ['revoked', '[]'],
    ['suspended', 'x'],
  ])('%s %s is refused', (name, data) => {
    expect(() => readEvent(name, data)).toThrow();
  });
});
