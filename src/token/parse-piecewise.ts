import { isExactNumber } from './exact-number.ts';

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * What a text with escapes or inexact numbers says, once it is known to be JSON of bounded depth. V8 13 and 14 take
 * an escaped member name for another one that follows the same beginnings in an older object: after
 * `{"aud":"A","\\u0":0}` was parsed, `JSON.parse` reads `{"aud":"A","\u0061ud":"B"}` as
 * `{"aud":"A","\\u0":"B"}` (nodejs/node#63785), and whoever sends both hides a member from us. Here every name
 * is parsed as a text by itself. A number that no double holds as it is written is `NaN`.
 */
export function parsePiecewise(json: string): unknown {
  const tokens = json.match(TOKENS) ?? [];
  let at = 0;

  function readValue(): unknown {
    const token = tokens[at++] ?? '';
    if (token === '[') return readUntil(']', readValue);
    if (token === '{') return Object.fromEntries(readUntil('}', readMember));
    return readScalar(token);
  }

  function readMember(): [name: string, value: unknown] {
    const name = JSON.parse(tokens[at++] ?? '');
    at++;
    return [name, readValue()];
  }

  function readUntil<T>(end: string, read: () => T): T[] {
    const parts: T[] = [];
    while (tokens[at] !== end) {
      parts.push(read());
      if (tokens[at] === ',') at++;
    }
    at++;
    return parts;
  }

  return readValue();
}

function readScalar(token: string): unknown {
  const value = JSON.parse(token);
  return typeof value === 'number' && !isExactNumber(token) ? Number.NaN : value;
}
