/** The path with the options that were given, as its query. */
export function withQuery(path: string, options: object): string {
  const asked = Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]);
  const query = new URLSearchParams(asked).toString();
  return query === '' ? path : `${path}?${query}`;
}
