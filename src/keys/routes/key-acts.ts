import { z } from 'zod';
import type { Actor } from '../../kernel/actor.ts';
import type { Act, AnyAct } from '../../kernel/acts.ts';
import { FIRST_TOKEN, type KeyRing, type KnownKeys, type SigningKey } from '../../kernel/key.ts';
import type { JsonObject } from '../../lib/json.ts';
import { validated } from '../../server/read-body.ts';
import type { CompromiseReports, KeyActName, KeyAdministration, KeyOutcome } from '../key-administration.ts';
import type { KeyPlan } from '../lifecycle/plans.ts';
import { compromiseRepresentation } from './compromise.ts';
import { compromiseRequest, keyActRequest, keyRepresentation, MOST_LISTED, rotationRequest } from './wire.ts';

interface KeyActDeps {
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
  readonly keys: KeyAdministration;
  readonly compromises: CompromiseReports;
}

/** How long an answer waits for what has to be counted; the commit waits for none of it. */
export const COUNTED_WITHIN_MS = 2_000;

const ofKey = keyActRequest.extend({ kid: z.string() });
const ofCompromise = compromiseRequest.extend({ kid: z.string() });
const ofRotation = rotationRequest.extend({ scope: z.string() });

type OfKey = z.infer<typeof ofKey>;

function rotateScope(deps: KeyActDeps): Act<'key.rotate', z.infer<typeof ofRotation>> {
  return {
    name: 'key.rotate',
    read: (given) => validated(ofRotation, given),
    plan: ({ scope }) => ({ subject: `scope:${scope}`, before: null, after: null }),
    async execute({ scope, reason }, actor) {
      const { activated, deactivated, replicated } = await deps.keys.rotate(scope, reason, 'operator', actor);
      return {
        activated: represented(deps, activated),
        deactivated: deactivated ? represented(deps, deactivated) : null,
        replicated,
      };
    },
  };
}

function suspendKey(deps: KeyActDeps): Act<'key.suspend', OfKey> {
  return { name: 'key.suspend', ...byOne(deps, 'suspend') };
}

function compromiseKey(deps: KeyActDeps): Act<'key.compromise', z.infer<typeof ofCompromise>> {
  return {
    name: 'key.compromise',
    read: (given) => validated(ofCompromise, given),
    plan: ({ kid }) => ({ subject: `key:${kid}`, before: null, after: null }),
    async execute({ kid, reason: why, keep_for_forensics: keepForForensics }, actor) {
      const request = { act: 'compromise', kid, why, cause: 'operator', keepForForensics } as const;
      const outcome = outcomeRepresentation(deps, await deps.keys.perform(request, actor));
      const report = await deps.compromises.report(kid, COUNTED_WITHIN_MS);
      return { ...outcome, compromise: compromiseRepresentation(report) };
    },
  };
}

const ofToken = compromiseRequest.extend({ token: z.string() });

function compromiseHsm(deps: KeyActDeps): Act<'hsm.compromise', z.infer<typeof ofToken>> {
  return {
    name: 'hsm.compromise',
    read: (given) => validated(ofToken, given),
    plan: ({ token }) => ({ subject: `hsm:${token}`, before: null, after: null }),
    async execute({ token: hsmToken, reason: why, keep_for_forensics: keepForForensics }, actor) {
      const plan = await deps.keys.compromiseToken({ hsmToken, why, keepForForensics }, actor);
      const named = (keys: readonly SigningKey[]) =>
        keys.slice(0, MOST_LISTED).map(({ kid, scopeId: scope }) => ({ kid, scope }));
      return {
        hsm_token: hsmToken,
        keys: plan.compromised.length,
        compromised: named(plan.compromised),
        promoted: named(plan.started),
        waiting: plan.waiting.slice(0, MOST_LISTED),
        service_keys: hsmToken === FIRST_TOKEN,
        replicated: plan.replicated,
      };
    },
  };
}

function resumeKey(deps: KeyActDeps): Act<'key.resume', OfKey> {
  return { name: 'key.resume', ...byTwo(deps, 'resume') };
}

function undoRotation(deps: KeyActDeps): Act<'key.undo_rotation', OfKey> {
  return { name: 'key.undo_rotation', ...byTwo(deps, 'undo_rotation') };
}

/** One person's act of a key that is spent, two persons' of any other. */
function destroyKey(deps: KeyActDeps): Act<'key.destroy', OfKey> {
  const act = byTwo(deps, 'destroy');
  return {
    name: 'key.destroy',
    ...act,
    plan(given) {
      const planned = act.plan(given);
      const state = deps.knownKeys.knownKey(given.kid)?.key.state ?? 'active';
      return { ...planned, facts: { state } };
    },
  };
}

/** What it refuses, it refuses when it is done: there is nothing to be approved. */
function byOne(deps: KeyActDeps, act: KeyActName) {
  return {
    read: (given: unknown) => validated(ofKey, given),
    plan: ({ kid }: OfKey) => ({ subject: `key:${kid}`, before: null, after: null }),
    execute: async ({ kid, reason: why }: OfKey, actor: Actor) =>
      outcomeRepresentation(deps, await deps.keys.perform({ act, kid, why, cause: 'operator' }, actor)),
  };
}

/** Planned as if two had asked; one person's word is theirs when it is done, whatever the key has become. */
function byTwo(deps: KeyActDeps, act: KeyActName) {
  return {
    read: (given: unknown) => validated(ofKey, given),
    plan({ kid }: OfKey) {
      const { changes } = deps.keys.preview({ act, kid, cause: 'two_persons' });
      const planned = {
        subject: `key:${kid}`,
        before: lifecyclesOf(changes, 'before'),
        after: lifecyclesOf(changes, 'after'),
      };
      return changes.length === 0 ? { ...planned, unchanged: true as const } : planned;
    },
    async execute({ kid, reason: why }: OfKey, actor: Actor) {
      const cause = actor.alone ? 'operator' : 'two_persons';
      return outcomeRepresentation(deps, await deps.keys.perform({ act, kid, why, cause }, actor));
    },
  };
}

/** Each key that changes, as a person decides about it. */
function lifecyclesOf(changes: KeyPlan['changes'], side: 'before' | 'after'): JsonObject {
  return Object.fromEntries(
    changes.map((change) => {
      const { kid, state, signUntil: sign_until, keptForForensics: kept_for_forensics } = change[side];
      return [kid, { state, sign_until, kept_for_forensics }];
    }),
  );
}

function outcomeRepresentation(deps: KeyActDeps, { key, promoted, already, replicated }: KeyOutcome) {
  return {
    key: represented(deps, key),
    promoted: promoted ? represented(deps, promoted) : null,
    already,
    replicated,
  };
}

function represented({ keyRing, knownKeys }: KeyActDeps, key: SigningKey) {
  const scope = keyRing.scope(key.scopeId);
  const known = knownKeys.knownKey(key.kid);
  if (!scope || !known) throw new Error(`key ${key.kid} is not in the ring`);
  return keyRepresentation({ ...known, key }, scope);
}

export function keyActs(deps: KeyActDeps): readonly AnyAct[] {
  return [
    rotateScope(deps),
    suspendKey(deps),
    compromiseKey(deps),
    compromiseHsm(deps),
    resumeKey(deps),
    undoRotation(deps),
    destroyKey(deps),
  ];
}
