import { composeSigningInput } from './signing-input.ts';

/** `typ` of what the registry key signs to show that the HSM signs: it says nothing to anybody. */
export const PROBE_TYP = 'kw-probe+jwt';

export function composeProbe(kid: string, iat: number): string {
  return composeSigningInput({ alg: 'ES256', typ: PROBE_TYP, kid }, JSON.stringify({ iat }));
}

export function isProbe(claims: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(claims).length === 1 && Number.isSafeInteger(claims.iat);
}
