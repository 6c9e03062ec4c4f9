const SHORT_WHOLE = /^-?[1-9]\d{0,14}$|^0$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;
/** Whoever writes more digits means more than a double holds. */
const MOST_CHARACTERS = 64;

/** Whether it is finite and, if whole, within 2⁵³: beyond, readers of integers and of doubles part (RFC 7493 §2.2). */
export function isPortableNumber(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

/**
 * Whether a JSON number says the same before and after it was an IEEE 754 double, as RFC 7493 §2.2 asks: it is
 * portable, and the shortest decimal of that double is the number that was written, so `0.1`, `1.50` and `1e3` are
 * exact. `-0` is not: its sign is lost by some.
 */
export function isExactNumber(literal: string): boolean {
  if (SHORT_WHOLE.test(literal)) return true;
  if (literal.length > MOST_CHARACTERS) return false;
  const value = Number(literal);
  if (!isPortableNumber(value) || Object.is(value, -0)) return false;
  return canonical(literal) === canonical(String(value));
}

/** One text for one number: its digits, from the first to the last that is not 0, and a power of ten. */
function canonical(decimal: string): string | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] = DECIMAL.exec(decimal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`;
}

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * What a text with escapes or inexact numbers says, once it is known to be JSON of bounded depth. V8 13 and 14 take
 * an escaped member name for another one that follows the same beginnings in an older object: after
 * `{"aud":"A","\\u0":0}` was parsed, `JSON.parse` reads `{"aud":"A","\u0061ud":"B"}` as
 * `{"aud":"A","\\u0":"B"}` (nodejs/node#63785), and whoever sends both hides a member from us. Here every name
 * is parsed as a text by itself. A number that is not exact is `NaN`.
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
