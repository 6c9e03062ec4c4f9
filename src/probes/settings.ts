import { z } from 'zod';

/** The section `probes` of the configuration: how verifiers are probed that have a probe URL. */
export const probeSection = z
  .strictObject({
    /** From one round to the next of the same verifier. */
    every_seconds: z.int().min(60).max(604_800).default(3_600),
    /** How long a probe token lives, where the policy of the scope allows as much. */
    token_ttl_seconds: z.int().min(1).max(300).default(60),
    /** Past it, a verifier has not answered. */
    deadline_ms: z.int().min(100).max(60_000).default(5_000),
    /** Verifiers that are asked at the same time. */
    concurrency: z.int().min(1).max(32).default(4),
    /** Probe URLs, in all. */
    max: z.int().min(1).max(10_000).default(500),
    /** After so many rounds in a row without a clear answer, that is a warning. */
    unanswered_rounds: z.int().min(1).max(100).default(3),
    /** PEM of the authorities that their certificates are held against; default: those that Node knows. */
    ca_file: z.string().min(1).optional(),
  })
  .prefault({});

type ProbeSection = z.infer<typeof probeSection>;

/** Every path absolute. */
export function probeSettings(section: ProbeSection, at: (path: string) => string): ProbeSection {
  return section.ca_file === undefined ? section : { ...section, ca_file: at(section.ca_file) };
}
