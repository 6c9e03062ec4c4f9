// Writes docs/metrics.md, which a test holds against what the service exports.
import { writeFileSync } from 'node:fs';
import { type DocumentedMetric, documentedMetrics } from './metrics/documented-metrics.ts';
import { labelMeaning } from './metrics/label-values.ts';

const FILE = new URL('../docs/metrics.md', import.meta.url);

const INTRODUCTION = `# Metrics

\`GET /metrics\` on the operations plane exports these to Prometheus.
\`npm run docs:metrics\` makes this page from \`src/metrics/\`.
Dashboard and alerts: [deploy/README.md](../deploy/README.md).

- Label values never come from a request, so no caller can add time series.
- A counter with labels is absent until it first counts, but for security events and replaced signers.
- [Labels](#labels) are in parentheses.
`;

export function metricsPage(): string {
  const metrics = documentedMetrics();
  return [
    INTRODUCTION,
    ...(['counter', 'histogram', 'gauge'] as const).flatMap((type) => [
      `## ${type[0]?.toUpperCase()}${type.slice(1)}s\n`,
      ...metrics.filter((metric) => metric.type === type).map(metricLine),
      '',
    ]),
    '## Labels\n',
    ...labelLines(metrics),
    '',
  ].join('\n');
}

function metricLine({ name, help, labels }: DocumentedMetric): string {
  const by = labels.length > 0 ? ` (${labels.map((label) => `\`${label}\``).join(', ')})` : '';
  return `- \`${name}\`${by}: ${help}`;
}

/** A line for each label, or for each of its meanings with the metrics that have it. */
function labelLines(metrics: readonly DocumentedMetric[]): readonly string[] {
  const labels = Map.groupBy(
    metrics.flatMap(({ name, labels }) =>
      labels.map((label) => ({ name, label, says: saying(name, label) })),
    ),
    ({ label }) => label,
  );
  return [...labels]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([label, uses]) => {
      const meanings = Map.groupBy(uses, ({ says }) => says);
      return [...meanings].map(([says, of]) => {
        const where = meanings.size > 1 ? ` of ${of.map(({ name }) => `\`${name}\``).join(', ')}` : '';
        return `- \`${label}\`${where}: ${says}`;
      });
    });
}

function saying(metric: string, label: string): string {
  const meaning = labelMeaning(metric, label);
  if (!meaning)
    throw new Error(`nobody has said what ${label} of ${metric} means: scripts/metrics/label-values.ts`);
  const { says, values = [], listedElsewhere } = meaning;
  const listed = listedElsewhere ? [] : values.map((value) => `\`${value}\``);
  return `${says}${listed.length > 0 ? `: ${listed.join(', ')}` : ''}`;
}

if (import.meta.main) writeFileSync(FILE, metricsPage());
