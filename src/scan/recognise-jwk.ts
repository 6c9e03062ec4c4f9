import type { Recogniser } from './finding.ts';

/** `"d": "…"` as JSON, as JSON within a string, and as JavaScript writes it. */
const PRIVATE_MEMBER =
  /(?<![A-Za-z0-9_])\\{0,8}["']?d\\{0,8}["']?\s{0,8}:\s{0,8}\\{0,8}["']([A-Za-z0-9_-]{22,1400})\\{0,8}["']/g;
const TYPE_MEMBER =
  /(?<![A-Za-z0-9_])\\{0,8}["']?kty\\{0,8}["']?\s{0,8}:\s{0,8}\\{0,8}["'](RSA|EC|OKP|AKP)\\{0,8}["']/;
/** The largest RSA keys in use are half as long. */
const REACH = 8_192;

/** Private JSON Web Keys (RFC 7517): an object with `kty` and `d`. */
export const jwkKeys: Recogniser = {
  needles: ['kty'],
  *find(text) {
    for (const { 0: member, 1: secret = '', index: at } of text.matchAll(PRIVATE_MEMBER)) {
      const [, type] = TYPE_MEMBER.exec(objectAround(text, at, at + member.length)) ?? [];
      if (type === undefined) continue;
      yield {
        at,
        sight: { kind: 'private_key', format: 'jwk', label: `${type} JWK`, encrypted: false, secret },
      };
    }
  },
};

/** Of the object that a member stands in, that without its inner objects. */
function objectAround(text: string, from: number, until: number): string {
  return `${outwards(text, from - 1, -1)} ${outwards(text, until, 1)}`;
}

function outwards(text: string, start: number, step: 1 | -1): string {
  const [opening, closing] = step === 1 ? ['{', '}'] : ['}', '{'];
  let depth = 0;
  let outside = '';
  let stretch = start;
  const end = Math.max(-1, Math.min(text.length, start + step * REACH));
  const take = (at: number) => {
    const part = step === 1 ? text.slice(stretch, at) : text.slice(at + 1, stretch + 1);
    outside = step === 1 ? outside + part : part + outside;
  };
  for (let at = start; at !== end; at += step) {
    const letter = text[at];
    if (letter === opening) {
      if (depth++ === 0) take(at);
    } else if (letter === closing) {
      if (depth === 0) {
        take(at);
        return outside;
      }
      if (--depth === 0) stretch = at + step;
    }
  }
  if (depth === 0) take(end);
  return outside;
}
