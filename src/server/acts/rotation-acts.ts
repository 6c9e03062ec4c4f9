import { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import { KeywardError } from '../../kernel/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { RotationPause, RotationPauses } from '../../domain/rotation-pause.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { JsonObject } from '../../lib/json.ts';
import { rotationPause } from '../schemas/rotation-pause.ts';
import { scopeRepresentation } from '../../keys/routes/scope-wire.ts';
import { validated } from '../validated.ts';

export interface RotationActParts {
  readonly pauses: RotationPauses;
  readonly keyRing: KeyRing;
}

const named = z.strictObject({ scope: z.string() });
const pauseParameters = rotationPause.extend({ scope: z.string() });

export function pauseRotation({
  pauses,
  keyRing,
}: RotationActParts): Act<'rotation.pause', z.infer<typeof pauseParameters>> {
  return {
    name: 'rotation.pause',
    read: (given) => validated(pauseParameters, given),
    plan({ scope, until, reason }) {
      const { rotationPause: before } = existing(keyRing, scope);
      pauses.requireSound({ until, reason });
      const planned = { subject: `scope:${scope}`, before: asJson(before), after: { until, reason } };
      const same = before?.until === until && before.reason === reason;
      return same ? { ...planned, unchanged: true } : planned;
    },
    async execute({ scope, until, reason }, actor) {
      return { scope: scopeRepresentation(await pauses.pause(scope, { until, reason }, actor)) };
    },
  };
}

export function unpauseRotation({
  pauses,
  keyRing,
}: RotationActParts): Act<'rotation.unpause', z.infer<typeof named>> {
  return {
    name: 'rotation.unpause',
    read: (given) => validated(named, given),
    plan({ scope }) {
      const { rotationPause: before } = existing(keyRing, scope);
      return { subject: `scope:${scope}`, before: asJson(before), after: null };
    },
    async execute({ scope }, actor) {
      return { scope: scopeRepresentation(await pauses.resume(scope, actor)) };
    },
  };
}

function existing(keyRing: KeyRing, scopeId: string): Scope {
  const scope = keyRing.scope(scopeId);
  if (scope) return scope;
  throw new KeywardError('unknown_scope', 'there is no scope of this id');
}

function asJson(pause: RotationPause | null): JsonObject | null {
  return pause && { ...pause };
}
