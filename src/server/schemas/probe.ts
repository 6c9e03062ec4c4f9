import { z } from 'zod';
import { PROBE_NAMES, type ProbeStanding } from '../../kernel/verifier-probe.ts';
import { idText } from './id-text.ts';

export const probeRequest = z
  .strictObject({ scope: idText, url: z.string('use text').max(2_048) })
  .meta({ id: 'ProbeRequest', example: { scope: 'payments', url: 'https://payments.example/probe' } });

export const probePlace = z.strictObject({ scope: idText }).meta({ id: 'ProbePlace' });

export const probe = z
  .object({
    client: z.string(),
    scope: z.string(),
    url: z.string(),
    set_at: z.int(),
    answers: z
      .array(
        z.object({
          probe: z.enum(PROBE_NAMES),
          verdict: z.enum(['right', 'wrong', 'unclear']),
          status: z.int().nullable().meta({ description: 'Of the HTTP answer; null where there was none.' }),
          why: z.string().nullable(),
          at: z.int(),
        }),
      )
      .meta({ description: 'The last of each token that was sent since the service started.' }),
    not_sent: z
      .array(z.object({ probe: z.enum(PROBE_NAMES), why: z.string() }))
      .meta({ description: 'Tokens that rounds leave out, and what is missing for them.' }),
    expired_due_at: z
      .int()
      .nullable()
      .meta({ description: 'When the token that is out is sent again, expired; null where none is.' }),
    next_at: z
      .int()
      .nullable()
      .meta({ description: 'When it is probed next; null while the client may not verify for the scope.' }),
  })
  .meta({ id: 'Probe' });

export function probeRepresentation(of: ProbeStanding): z.infer<typeof probe> {
  return {
    client: of.clientId,
    scope: of.scopeId,
    url: of.url,
    set_at: of.setAt,
    answers: of.answers.map(({ probe: name, verdict, status, why, at }) => ({
      probe: name,
      verdict,
      status,
      why,
      at,
    })),
    not_sent: of.notSent.map(({ probe: name, why }) => ({ probe: name, why })),
    expired_due_at: of.expiredDueAt,
    next_at: of.nextAt,
  };
}
