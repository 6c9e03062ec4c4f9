/** What an option says in at most ten digits. Throws an Error whose message is for the caller. */
export function wholeNumber(name: string, text: string, least = 0): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= least) return value;
  throw new Error(`${name} takes a whole number of at least ${least}`);
}
