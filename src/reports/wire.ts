import { z } from 'zod';

export const MOST_CHARACTERS = { token: 12_000, text: 4_000, contact: 200 } as const;

/** What stands before a token where somebody copied the whole header, and the line breaks of a mail. */
function bareToken(token: string): string {
  return token.replace(/^\s*bearer\s/i, '').replaceAll(/\s/g, '');
}

const text = (member: keyof typeof MOST_CHARACTERS) =>
  z
    .string('say it as text')
    .overwrite((given) => given.replaceAll('\r\n', '\n').trim())
    .max(MOST_CHARACTERS[member], `use at most ${MOST_CHARACTERS[member]} characters`);
const orNull = (value: string | undefined) => (value === undefined || value === '' ? null : value);

/** A member that is empty counts as left out. */
export const reportRequest = z
  .strictObject({
    token: text('token')
      .transform(bareToken)
      .optional()
      .transform(orNull)
      .meta({ description: 'The token, where there is one; a digest of it is kept, never the token.' }),
    text: text('text').optional().transform(orNull).meta({ description: 'What happened.' }),
    contact: text('contact')
      .optional()
      .transform(orNull)
      .meta({ description: 'How to reach whoever reports; it can be erased.' }),
  })
  .refine(({ token, text }) => token !== null || text !== null, {
    message: 'give the token, or say in a few words what happened',
    path: ['text'],
  })
  .meta({
    id: 'ReportRequest',
    example: { text: 'I was signed out, and somebody else was signed in.', contact: 'ada@example.org' },
  });

export type ReportRequest = z.infer<typeof reportRequest>;

/** The fields of the page. */
export const reportForm = z
  .looseObject({
    token: z.string().max(MOST_CHARACTERS.token).optional(),
    text: z.string().max(MOST_CHARACTERS.text).optional(),
    contact: z.string().max(MOST_CHARACTERS.contact).optional(),
  })
  .meta({ id: 'ReportForm' });

export const reportAnswer = z
  .object({ report: z.string().meta({ description: 'The number of the case.', example: '7Q3K-M2XD' }) })
  .meta({ id: 'ReportAnswer' });
