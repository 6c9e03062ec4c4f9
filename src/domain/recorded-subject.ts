import { hash } from 'node:crypto';

/** How a scope's policy has the ledger keep the subject of a token. */
export const SUBJECT_RECORDINGS = ['plain', 'hashed', 'none'] as const;
export type SubjectRecording = (typeof SUBJECT_RECORDINGS)[number];

const RECORDINGS = {
  plain: (subject) => subject,
  hashed: hashedSubject,
  none: () => null,
} as const satisfies Record<SubjectRecording, (subject: string) => string | null>;

/** What stands in the record. */
export function recordedSubject(subject: string | null, recording: SubjectRecording): string | null {
  return subject === null ? null : RECORDINGS[recording](subject);
}

/** The same for one subject in every scope, so that all that concerns them can be found and erased. */
export function hashedSubject(subject: string): string {
  return `sha256:${hash('sha256', subject, 'base64url')}`;
}
