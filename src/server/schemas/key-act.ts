import { z } from 'zod';
import { key } from '../../keys/routes/wire.ts';

const MOST_CHARACTERS = 500;

const reason = z
  .string('say why, in a few words')
  .min(1, 'say why, in a few words')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .meta({ description: 'For the audit trail.', example: 'seen in a crash dump' });

export const keyActRequest = z.strictObject({ reason }).meta({ id: 'KeyActRequest' });

export const rotationRequest = z
  .strictObject({ reason: reason.default('rotated by hand') })
  .meta({ id: 'RotationRequest' });

export const compromiseRequest = z
  .strictObject({
    reason,
    keep_for_forensics: z
      .boolean('use true or false')
      .default(false)
      .meta({ description: 'Leaves the private half in the HSM, where it signs nothing.' }),
  })
  .meta({ id: 'CompromiseRequest' });

/** Listed of each kind; a token may hold thousands. */
export const MOST_LISTED = 1_000;

const listedKeys = z.array(z.object({ kid: z.string(), scope: z.string() }));

export const tokenOutcome = z
  .object({
    hsm_token: z.string(),
    keys: z.int().meta({ description: 'Compromised by this call; 0 where it was so before.' }),
    compromised: listedKeys.meta({ description: `At most ${MOST_LISTED} of them.` }),
    promoted: listedKeys.meta({ description: 'Standbys on other tokens that sign from now on.' }),
    waiting: z.array(z.string()).meta({
      description: 'Scopes without a key that signs, which wait for one on another token.',
    }),
    service_keys: z.boolean().meta({
      description: 'Whether the registry key and the audit key lie there too.',
    }),
  })
  .meta({ id: 'TokenCompromise' });

export const keyOutcome = z
  .object({
    key,
    promoted: key.nullable().meta({
      description: 'The key that signs from now on; null where nothing took the place of this one.',
    }),
    already: z.boolean().meta({ description: 'It was so before; nothing was changed.' }),
  })
  .meta({ id: 'KeyOutcome' });

export const rotation = z
  .object({
    activated: key,
    deactivated: key.nullable().meta({ description: 'Null where none signed.' }),
  })
  .meta({ id: 'Rotation' });
