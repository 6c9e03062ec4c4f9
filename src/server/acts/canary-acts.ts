import { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import type { CanaryAdministration } from '../../kernel/canary.ts';
import type { JsonObject } from '../../lib/json.ts';
import { canaryRepresentation, canaryRequest, wantedCanary } from '../schemas/canary.ts';
import { validated } from '../validated.ts';

export interface CanaryActParts {
  readonly canaries: CanaryAdministration;
}

export function createCanary({ canaries }: CanaryActParts): Act<'canary.create', JsonObject> {
  return {
    name: 'canary.create',
    read: (given) => ({ ...validated(canaryRequest, given) }) as JsonObject,
    // What it is, and where, is for those who may list them; of a token, for whoever approves what it says.
    plan: (parameters) => {
      const token = parameters.kind === 'token';
      return { subject: 'canaries', before: null, after: token ? parameters : null, facts: { token } };
    },
    async execute(parameters, actor) {
      const wanted = wantedCanary(validated(canaryRequest, parameters));
      const { canary, token } = await canaries.create(wanted, actor);
      return { canary: canaryRepresentation(canary), ...(token === null ? {} : { token }) };
    },
  };
}

const named = z.strictObject({ canary: z.string() });

export function retireCanary({ canaries }: CanaryActParts): Act<'canary.retire', z.infer<typeof named>> {
  return {
    name: 'canary.retire',
    read: (given) => validated(named, given),
    plan({ canary: id }) {
      const canary = canaries.find(id);
      const { kind, planted } = canary;
      const planned = { subject: `canary:${id}`, before: { kind, planted }, after: null };
      return canary.retiredAt === null ? planned : { ...planned, unchanged: true };
    },
    async execute({ canary: id }, actor) {
      return { canary: canaryRepresentation(await canaries.retire(id, actor)) };
    },
  };
}
