/** As much of a credential as tells which plane it opens. */
export function credentialExcerpt(text: string): string {
  return `${text.slice(0, 'kw_svc_'.length + 2)}… (${text.length} characters)`;
}

/** The beginning of the header, which is no secret. */
export function tokenExcerpt(signingInput: string): string {
  return `${signingInput.slice(0, 12)}… (${signingInput.length} characters and a signature)`;
}

/** Nothing of it. */
export function pinExcerpt(text: string): string {
  return `${text.length} characters`;
}
