import { z } from 'zod';

const MOST_CHARACTERS = 2_000;

/** What an operator says about an event or a report. */
export const note = z
  .string('say it as text')
  .min(1, 'say it in a few words')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .meta({ description: 'It stays in the audit trail: name no person in it.' });
