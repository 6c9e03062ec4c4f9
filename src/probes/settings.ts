import { z } from 'zod';

/** The section `probes` of the configuration: how verifiers are probed that have a probe URL. */
export const probeSection = z
  .strictObject({
    every_seconds: z
      .int()
      .min(60)
      .max(604_800)
      .default(3_600)
      .describe('From one round of probes to the next of the same verifier.'),
    token_ttl_seconds: z
      .int()
      .min(1)
      .max(300)
      .default(60)
      .describe('How long a probe token lives, if the policy of the scope allows as much.'),
    deadline_ms: z
      .int()
      .min(100)
      .max(60_000)
      .default(5_000)
      .describe('After it, a verifier has not answered.'),
    concurrency: z.int().min(1).max(32).default(4).describe('Verifiers probed at the same time.'),
    max: z.int().min(1).max(10_000).default(500).describe('Probe URLs in all.'),
    unanswered_rounds: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Rounds without a clear answer after which there is a warning.'),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PEM of the authorities that their certificates are checked against. Default: those that Node knows.',
      ),
  })
  .prefault({});

type ProbeSection = z.infer<typeof probeSection>;

/** Every path absolute. */
export function probeSettings(section: ProbeSection, at: (path: string) => string): ProbeSection {
  return section.ca_file === undefined ? section : { ...section, ca_file: at(section.ca_file) };
}
