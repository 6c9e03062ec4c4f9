const SHORT_WHOLE = /^-?[1-9]\d{0,14}$|^0$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;
/** Whoever writes more digits means more than a double holds. */
const MOST_CHARACTERS = 64;

/**
 * Whether a JSON number says the same before and after it was an IEEE 754 double, as RFC 7493 §2.2 asks: the
 * shortest decimal of that double is the number that was written, so `0.1`, `1.50` and `1e3` are exact. `-0` is not:
 * its sign is lost by some.
 */
export function isExactNumber(literal: string): boolean {
  if (SHORT_WHOLE.test(literal)) return true;
  if (literal.length > MOST_CHARACTERS) return false;
  const value = Number(literal);
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
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
