export const ACTIONS = ['sign', 'verify', 'revoke'] as const;
export type Action = (typeof ACTIONS)[number];

export const ROLES = ['operator', 'approver', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export interface Grant {
  readonly scopeId: string;
  readonly action: Action;
}

/** An authenticated caller of the data plane. */
export interface Client {
  readonly id: string;
  readonly description: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  readonly grants: readonly Grant[];
}

const DESCRIPTION = /^\P{C}{0,256}$/u;
export const DESCRIPTION_ADVICE = 'use up to 256 printable characters';

export function isDescription(text: string): boolean {
  return DESCRIPTION.test(text);
}

/** A person of the security team, known to the operations plane. */
export interface Operator {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly createdAt: number;
  readonly revokedAt: number | null;
}
