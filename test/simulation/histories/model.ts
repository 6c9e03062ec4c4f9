import type { KeyState, SigningKey } from '../../../src/kernel/key.ts';
import { DEFAULT_POLICY, propagationSeconds } from '../../../src/kernel/policy.ts';
import { SECOND_TOKEN } from '../composed-service.ts';
import { FAILOVER_SECONDS } from './administered-service.ts';

/** A key as a history knows it. Times in seconds since the epoch. */
export interface ModelKey {
  readonly kid: string;
  readonly hsmToken: string;
  readonly scopeId: string;
  readonly publishedAt: number;
  state: KeyState;
  signUntil: number;
}

export interface ModelToken {
  readonly text: string;
  readonly kid: string;
  readonly scopeId: string;
  readonly clientId: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  revoked: boolean;
}

export interface ModelProposal {
  readonly id: string;
  readonly act: 'scope.create' | 'key.resume' | 'key.destroy';
  /** The scope's id, or the kid. */
  readonly about: string;
  readonly by: string;
  readonly expiresAt: number;
  /** What the key was then; undefined for a scope, which was not there. */
  readonly before: string | undefined;
  isOpen: boolean;
}

/** What should be so, by a history alone. */
export interface HistoryModel {
  now: number;
  /** When the second HSM token went away; null while it is there. */
  awaySince: number | null;
  /** Tokens that the HSM did not sign: each may be on record. */
  unsigned: number;
  readonly scopes: Set<string>;
  readonly keys: Map<string, ModelKey>;
  readonly tokens: ModelToken[];
  readonly proposals: ModelProposal[];
  readonly rules: { readonly scopeId: string; readonly clientId: string; readonly until: number }[];
}

export function emptyModel(now: number): HistoryModel {
  return {
    now,
    awaySince: null,
    unsigned: 0,
    scopes: new Set(),
    keys: new Map(),
    tokens: [],
    proposals: [],
    rules: [],
  };
}

export function keysOf({ keys }: HistoryModel, scopeId: string): ModelKey[] {
  return [...keys.values()].filter((key) => key.scopeId === scopeId);
}

export function activeOf(model: HistoryModel, scopeId: string): ModelKey | undefined {
  return keysOf(model, scopeId).find(({ state }) => state === 'active');
}

export function standbysOf(model: HistoryModel, scopeId: string): ModelKey[] {
  return keysOf(model, scopeId).filter(
    ({ state, signUntil }) => state === 'pre_activation' && model.now <= signUntil,
  );
}

/** Why no token is issued; undefined where one is. */
export function refusalOfIssuing(model: HistoryModel, scopeId: string, clientId: string): string | undefined {
  const active = activeOf(model, scopeId);
  if (!active) return 'no_active_key';
  if (model.now > active.signUntil) return 'signing_window_over';
  const isRevoked = model.rules.some(
    (rule) => rule.scopeId === scopeId && rule.clientId === clientId && model.now <= rule.until,
  );
  if (isRevoked) return 'revoked';
  return isThere(model, active) ? undefined : 'hsm_unavailable';
}

function isThere({ awaySince }: HistoryModel, { hsmToken }: ModelKey): boolean {
  return awaySince === null || hsmToken !== SECOND_TOKEN;
}

function isKnown(model: HistoryModel, standby: ModelKey, active: ModelKey | undefined): boolean {
  return (
    !active ||
    standby.publishedAt <= active.publishedAt ||
    standby.publishedAt + propagationSeconds(DEFAULT_POLICY) <= model.now
  );
}

const ACCEPTED: readonly (KeyState | undefined)[] = ['active', 'deactivated'];

export function isAccepted(model: HistoryModel, token: ModelToken): boolean {
  const isAlive = token.exp + DEFAULT_POLICY.clockSkewSeconds > model.now;
  return isAlive && !token.revoked && ACCEPTED.includes(model.keys.get(token.kid)?.state);
}

/** Whether an operator may have the standby sign now. */
export function mayRotate(model: HistoryModel, scopeId: string): boolean {
  const active = activeOf(model, scopeId);
  const standbys = standbysOf(model, scopeId);
  const there = standbys.filter((key) => isThere(model, key));
  const isLost = !active || !isThere(model, active);
  const first = there.length === 0 && isLost ? standbys : there;
  return first.some((standby) => isKnown(model, standby, active));
}

/** Whether nothing can be signed for longer than a failover takes, though a standby elsewhere could. */
export function isStranded(model: HistoryModel, scopeId: string): boolean {
  const active = activeOf(model, scopeId);
  const isOver = model.awaySince !== null && model.now - model.awaySince >= FAILOVER_SECONDS;
  if (!active || !isOver || isThere(model, active)) return false;
  return standbysOf(model, scopeId).some(
    (standby) => isThere(model, standby) && isKnown(model, standby, active),
  );
}

export function snapshot(key: ModelKey | undefined): string | undefined {
  return key && `${key.state} until ${key.signUntil}`;
}

/** Whether an approval by somebody else would run it. */
export function isExecutable(model: HistoryModel, { isOpen, expiresAt, act, about, before }: ModelProposal) {
  if (!isOpen || model.now >= expiresAt) return false;
  if (act === 'scope.create') return !model.scopes.has(about);
  return snapshot(model.keys.get(about)) === before;
}

/** What time may make of a key; all else takes a person. */
const BY_TIME: Readonly<Record<KeyState, readonly KeyState[]>> = {
  pre_activation: ['pre_activation', 'active', 'deactivated', 'destroyed'],
  active: ['active', 'deactivated', 'destroyed'],
  deactivated: ['deactivated', 'destroyed'],
  suspended: ['suspended'],
  compromised: ['compromised'],
  destroyed: ['destroyed'],
};

/** Takes over what time made of the keys of a scope; answers what it must not have made. */
export function adopt(model: HistoryModel, scopeId: string, keys: readonly SigningKey[]): string[] {
  const wrong: string[] = [];
  for (const { kid, hsmToken, state, signUntil, publishedAt } of keys) {
    const known = model.keys.get(kid);
    const allowed = known ? BY_TIME[known.state] : BY_TIME.pre_activation;
    if (!allowed.includes(state)) wrong.push(`time made a ${known?.state ?? 'new'} key ${state}`);
    model.keys.set(kid, { kid, hsmToken, scopeId, state, signUntil, publishedAt });
  }
  return wrong;
}
