import { z } from 'zod';
import { FINDING_KINDS, type InventoryReport } from '../../kernel/inventory.ts';
import type { TokenDescription } from '../../kernel/signer.ts';

export const hsmTokenDescription = z
  .object({
    label: z.string(),
    serial: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    firmware: z.string(),
  })
  .meta({ id: 'HsmTokenDescription', description: 'As the PKCS#11 module describes it.' });

const finding = z
  .object({
    kind: z.enum(FINDING_KINDS).meta({
      description:
        '`missing`: a half of a key is not there. `unexpected`: no row of the registry accounts for it. `not_destroyed`: of a key that was destroyed. `duplicate`: its id has several. `public_key_differs`, `changed`: not the key that it should be, or not as it must be. `leftover`: under an id that is reserved. `decoy`: a decoy key is not as it was left.',
    }),
    hsm_id: z.string().nullable().meta({ description: 'CKA_ID, hex.' }),
    kid: z.string().nullable(),
    scope: z.string().nullable(),
    details: z.array(z.string()),
  })
  .meta({ id: 'InventoryFinding' });

export const inventory = z
  .object({
    hsm_token: z.string(),
    taken_at: z.int(),
    token: hsmTokenDescription,
    objects: z.int().meta({ description: 'All objects of the token that the user can see.' }),
    expected: z.int().meta({ description: 'Keys that should be on it.' }),
    proven: z.int().meta({ description: 'Those of them that are as they must be.' }),
    findings: z.array(finding),
    omitted: z.int().meta({ description: 'Findings past a thousand.' }),
  })
  .meta({ id: 'Inventory' });

export function describedToken({
  label,
  serial,
  manufacturer,
  model,
  firmware,
}: TokenDescription): z.infer<typeof hsmTokenDescription> {
  return { label, serial, manufacturer, model, firmware };
}

export function inventoryRepresentation(of: InventoryReport): z.infer<typeof inventory> {
  const { objects, expected, proven, omitted } = of;
  return {
    hsm_token: of.hsmToken,
    taken_at: of.takenAt,
    token: describedToken(of.token),
    objects,
    expected,
    proven,
    findings: of.findings.map(({ kind, hsmId, kid, scopeId, details }) => ({
      kind,
      hsm_id: hsmId,
      kid,
      scope: scopeId,
      details: [...details],
    })),
    omitted,
  };
}
