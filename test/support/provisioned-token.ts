import { randomBytes } from 'node:crypto';
import { type Algorithm, isRsa } from '../../src/kernel/algorithm.ts';
import type { Binding, PublicJwk } from '../../src/kernel/key.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { KeyReference } from '../../src/kernel/signer.ts';
import { AUDIT_LABEL, REGISTRY_LABEL, type SignOutcome } from '../../src/signer/protocol.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { composeSigningInput } from '../../src/token/signing-input.ts';
import { type SignerProcess, startSigner } from './signer-process.ts';

/** The signer has a clock of its own: what is dated otherwise is refused. */
export const NOW = Math.floor(Date.now() / 1_000);
export const PAYMENTS = { id: 'payments', issuer: 'https://id.example', audience: 'payments' };
export const MAIL = { id: 'mail', issuer: 'https://id.example', audience: 'mail' };

export interface Provisioned extends KeyReference {
  readonly binding: Binding;
  readonly publicJwk: PublicJwk;
}

export const newHsmId = () => randomBytes(16).toString('hex');

/** As `keyward init` does it: by a signer of its own that knows no registry key yet. Answers its kid. */
export const makeRegistryKey = makerOf(REGISTRY_LABEL);
export const makeAuditKey = makerOf(AUDIT_LABEL);

function makerOf(label: string) {
  return async (
    environment: Readonly<Record<string, string>>,
    settings: SignerSettings,
  ): Promise<{ kid: string; hsmId: string; publicJwk: PublicJwk }> => {
    const signer = startSigner(environment, { ...settings, registryKid: null });
    await signer.open();
    const hsmId = newHsmId();
    const specification = { hsmId, label, algorithm: 'ES256', modulusBits: null } as const;
    const { kid, publicJwk } = await signer.ask('generate', specification);
    await signer.stop();
    return { kid, hsmId, publicJwk };
  };
}

/** A new key of the scope with its binding record, not in service yet. */
export async function provision(
  signer: SignerProcess,
  registryKid: string,
  scope: typeof PAYMENTS,
  algorithm: Algorithm = 'ES256',
  bounds: Partial<Pick<Binding, 'signFrom' | 'signUntil' | 'maxTtlSeconds'>> = {},
): Promise<Provisioned> {
  const hsmId = newHsmId();
  const modulusBits = isRsa(algorithm) ? 2048 : null;
  const { kid, publicJwk } = await signer.ask('generate', {
    hsmId,
    label: scopeLabel(scope),
    algorithm,
    modulusBits,
  });
  const binding = { ...bindingOf(scope, { kid, hsmId, algorithm }), ...bounds };
  const record = composeBindingRecord(binding, registryKid, NOW);
  const [outcome] = await signer.ask('sign', [[registryKid, record]]);
  return { kid, hsmId, binding, publicJwk, bindingRecord: compact(record, outcome) };
}

export function bindingOf(
  scope: typeof PAYMENTS,
  key: Pick<Binding, 'kid' | 'hsmId' | 'algorithm'>,
): Binding {
  return {
    ...key,
    scope: scope.id,
    issuer: scope.issuer,
    audience: scope.audience,
    signFrom: NOW - 1_000,
    signUntil: NOW + 1_000,
    maxTtlSeconds: 300,
  };
}

/** The claims of a token that the key may sign. */
export function claimsOf({
  issuer,
  audience,
}: Pick<Binding, 'issuer' | 'audience'>): Record<string, unknown> {
  return { iss: issuer, aud: audience, iat: NOW, exp: NOW + 300, jti: 'AAAA', sub: 'alice' };
}

export function signingInputOf(
  { kid, algorithm }: Pick<Binding, 'kid' | 'algorithm'>,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const whole = { alg: algorithm, typ: 'JWT', kid, ...header } as Parameters<typeof composeSigningInput>[0];
  if (Object.keys(header).length === 0) return composeSigningInput(whole, JSON.stringify(claims));
  return [whole, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** The token that the outcome completes; throws the refusal where it is one. */
export function compact(signingInput: string, outcome: SignOutcome | undefined): string {
  if (!(outcome instanceof Uint8Array)) throw new Error(`refused: ${JSON.stringify(outcome)}`);
  return `${signingInput}.${Buffer.from(outcome).toString('base64url')}`;
}
