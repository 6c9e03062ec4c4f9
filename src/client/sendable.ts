const MAX_DEPTH = 32;

/**
 * Throws a `TypeError` naming the place of the first value that JSON cannot carry as it is: numbers that are not
 * finite, `-0`, functions, symbols, BigInts, Maps and other class instances without `toJSON`, holes in arrays, half
 * surrogate pairs, cycles. A member that is `undefined` is left out, as JSON does.
 */
export function requireSendable(value: unknown, place: string): void {
  const flaw = flawOf(value, place, 0);
  if (flaw !== undefined) throw new TypeError(flaw);
}

function flawOf(value: unknown, place: string, depth: number): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : `${place}: half a surrogate pair is not text`;
  }
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return `${place}: JSON readers disagree on -0`;
    return Number.isFinite(value) ? undefined : `${place}: JSON has no ${value}`;
  }
  if (typeof value !== 'object') return `${place}: JSON has no ${typeof value}`;
  if (depth === MAX_DEPTH) return `${place}: nests too deep, or holds itself`;
  return flawOfObject(value, place, depth + 1);
}

function flawOfObject(value: object, place: string, depth: number): string | undefined {
  if ('toJSON' in value && typeof value.toJSON === 'function') return flawOf(value.toJSON(), place, depth);
  if (Array.isArray(value)) {
    return firstFlaw(
      Array.from(value, (element, at) => [`${place}[${at}]`, element]),
      depth,
    );
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${place}: use plain objects, arrays, text, numbers, booleans and null`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return firstFlaw(
    members.map(([name, member]) => [`${place}.${name}`, member]),
    depth,
  );
}

function firstFlaw(parts: readonly [place: string, value: unknown][], depth: number): string | undefined {
  for (const [place, value] of parts) {
    const flaw = flawOf(value, place, depth);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}
