import { readFile } from 'node:fs/promises';
import { createVerifier } from '@keyward/client';

/** One for the life of the process. The credential is read from its file whenever it is needed, so it may be renewed. */
export function openVerifier({ keyward, scope, issuer, audience, credential_file }) {
  return createVerifier({
    url: keyward,
    scope,
    issuer,
    audience,
    credential: async () => (await readFile(credential_file, 'utf8')).trim(),
    onForgery: ({ digest, kid }) => console.error(`forged token ${digest} by key ${kid}: wake somebody up`),
    onProblem: (problem) => console.error(problem),
  });
}
