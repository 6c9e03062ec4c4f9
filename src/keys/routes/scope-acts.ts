import { z } from 'zod';
import type { Act, AnyAct } from '../../kernel/acts.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { type KeyRing, type KnownKeys, requireScope } from '../../kernel/key.ts';
import type { ScopeAdministration } from '../../kernel/registry.ts';
import {
  type RotationPause,
  type RotationPauses,
  type ScopeDefinition,
  tokensOfScope,
  validateScope,
} from '../../kernel/scope.ts';
import { changedScope, isUnchanged, scopeDifference } from '../../kernel/scope-change.ts';
import type { JsonObject } from '../../lib/json.ts';
import { validated } from '../../server/read-body.ts';
import { policyRepresentation } from '../policy-schema.ts';
import {
  rotationPause,
  scopeChange,
  scopeChangeRequest,
  scopeDefinition,
  scopeRepresentation,
  scopeRequest,
  scopeWithKeys,
} from './scope-wire.ts';

interface ScopeActDeps {
  readonly scopes: ScopeAdministration;
  readonly keyRing: KeyRing;
  readonly knownKeys: KnownKeys;
}

function createScope({ scopes, keyRing, knownKeys }: ScopeActDeps): Act<'scope.create', JsonObject> {
  return {
    name: 'scope.create',
    read: (given) => asRequest(definitionIn(given)),
    async plan(parameters) {
      const definition = definitionIn(parameters);
      validateScope(definition);
      refuseTaken(keyRing, definition);
      await scopes.requirePlaceable(definition.algorithm, tokensOfScope(definition));
      return { subject: `scope:${definition.id}`, before: null, after: parameters };
    },
    async execute(parameters, actor) {
      const { scope } = await scopes.create(definitionIn(parameters), actor);
      return scopeWithKeys(scope, knownKeys);
    },
  };
}

const changeParameters = scopeChangeRequest.extend({ scope: z.string() });

/** Two persons where it widens anything, changes whom notifications go to, or has keys made elsewhere. */
function changeScope({ scopes, keyRing, knownKeys }: ScopeActDeps): Act<'scope.policy', JsonObject> {
  return {
    name: 'scope.policy',
    read: (given) => asJson(validated(changeParameters, given)),
    async plan(parameters) {
      const { scopeId, change } = changeIn(parameters);
      const scope = requireScope(keyRing, scopeId);
      const changed = changedScope(scope, change);
      validateScope(changed);
      const before = tokensOfScope(scope);
      const added = tokensOfScope(changed).filter((hsmToken) => !before.includes(hsmToken));
      if (added.length > 0) await scopes.requirePlaceable(scope.algorithm, added);
      const difference = scopeDifference(scope, changed);
      const planned = {
        subject: `scope:${scopeId}`,
        before: asJson(difference.was),
        after: asJson(difference.is),
        facts: { widens: difference.weakens.length > 0 },
      };
      return isUnchanged(difference) ? { ...planned, unchanged: true } : planned;
    },
    async execute(parameters, actor) {
      const { scopeId, change } = changeIn(parameters);
      return scopeWithKeys(await scopes.change(scopeId, change, actor), knownKeys);
    },
  };
}

function definitionIn(parameters: unknown): ScopeDefinition {
  return scopeDefinition(validated(scopeRequest, parameters));
}

/** The whole definition, so that nothing depends on the defaults of the day it is approved. */
function asRequest({ policy, modulusBits, hsmToken, standbyToken, ...named }: ScopeDefinition): JsonObject {
  const size = modulusBits === null ? {} : { modulus_bits: modulusBits };
  const placed = { hsm_token: hsmToken, standby_token: standbyToken };
  return asJson({ ...named, ...size, ...placed, policy: policyRepresentation(policy) });
}

function changeIn(parameters: JsonObject) {
  const { scope: scopeId, ...request } = validated(changeParameters, parameters);
  return { scopeId, change: scopeChange(request) };
}

/** Without the members that are undefined. */
function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function refuseTaken(keyRing: KeyRing, { id, issuer, audience }: ScopeDefinition): void {
  if (keyRing.scope(id)) {
    throw new KeywardError('scope_exists', `There is a scope ${id} already; choose another id.`);
  }
  const taken = keyRing.scopes().find((scope) => scope.issuer === issuer && scope.audience === audience);
  if (!taken) return;
  throw new KeywardError('issuer_audience_taken', `Scope ${taken.id} has this issuer and audience already.`);
}

interface RotationActDeps {
  readonly pauses: RotationPauses;
  readonly keyRing: KeyRing;
}

const named = z.strictObject({ scope: z.string() });
const pauseParameters = rotationPause.extend({ scope: z.string() });

function pauseRotation({
  pauses,
  keyRing,
}: RotationActDeps): Act<'rotation.pause', z.infer<typeof pauseParameters>> {
  return {
    name: 'rotation.pause',
    read: (given) => validated(pauseParameters, given),
    plan({ scope, until, reason }) {
      const { rotationPause: before } = requireScope(keyRing, scope);
      pauses.requireSound({ until, reason });
      const planned = { subject: `scope:${scope}`, before: pauseAsJson(before), after: { until, reason } };
      const same = before?.until === until && before.reason === reason;
      return same ? { ...planned, unchanged: true } : planned;
    },
    async execute({ scope, until, reason }, actor) {
      return { scope: scopeRepresentation(await pauses.pause(scope, { until, reason }, actor)) };
    },
  };
}

function unpauseRotation({
  pauses,
  keyRing,
}: RotationActDeps): Act<'rotation.unpause', z.infer<typeof named>> {
  return {
    name: 'rotation.unpause',
    read: (given) => validated(named, given),
    plan({ scope }) {
      const { rotationPause: before } = requireScope(keyRing, scope);
      return { subject: `scope:${scope}`, before: pauseAsJson(before), after: null };
    },
    async execute({ scope }, actor) {
      return { scope: scopeRepresentation(await pauses.resume(scope, actor)) };
    },
  };
}

function pauseAsJson(pause: RotationPause | null): JsonObject | null {
  return pause && { ...pause };
}

export function scopeActs(deps: ScopeActDeps & RotationActDeps): readonly AnyAct[] {
  return [createScope(deps), changeScope(deps), pauseRotation(deps), unpauseRotation(deps)];
}
