/** What a metric was seen with: the values of each of its labels. */
export type SeenLabels = ReadonlyMap<string, ReadonlySet<string>>;

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Every time series name of a scrape, buckets and sums included; a name without a sample has no labels. */
export function readExposition(text: string): ReadonlyMap<string, SeenLabels> {
  const seen = new Map<string, Map<string, Set<string>>>();
  for (const line of text.split('\n')) {
    const declared = line.match(/^# TYPE (\S+)/)?.[1];
    const [, sampled, labels = ''] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /) ?? [];
    const name = declared ?? sampled;
    if (name === undefined) continue;
    const metric = seen.get(name) ?? new Map<string, Set<string>>();
    seen.set(name, metric);
    for (const [, label = '', value = ''] of labels.matchAll(LABEL)) {
      metric.set(label, (metric.get(label) ?? new Set()).add(value));
    }
  }
  return seen;
}
