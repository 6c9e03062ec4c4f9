// Writes docs/metrics.md, which a test holds against what the service exports.
import { writeFileSync } from 'node:fs';
import { type DocumentedMetric, documentedMetrics } from './metrics/documented-metrics.ts';
import { labelMeaning } from './metrics/label-values.ts';

const FILE = new URL('../docs/metrics.md', import.meta.url);

const INTRODUCTION = `# Metrics

What \`GET /metrics\` on the operations plane tells Prometheus. This page is made from the tables in \`src/metrics/\` by
\`npm run docs:metrics\`. Dashboard and alerts that use them: [deploy/README.md](../deploy/README.md).

Beside these there are the usual metrics of the process (\`process_*\`, \`nodejs_*\`). Values of labels come from closed sets
or from the registry and the configuration, never from a request; so no caller can make more time series. A counter with
labels is absent until it counts for the first time, but for security events and replaced signers, which begin at 0.
`;

export function metricsPage(): string {
  return [INTRODUCTION, ...documentedMetrics().map(section)].join('\n');
}

function section({ name, type, help, labels }: DocumentedMetric): string {
  return [`## \`${name}\``, '', `${help}. *${type}*`, '', ...labels.map((label) => line(name, label)), '']
    .join('\n')
    .replace(/\n+$/, '\n');
}

function line(metric: string, label: string): string {
  const meaning = labelMeaning(metric, label);
  if (!meaning)
    throw new Error(`nobody has said what ${label} of ${metric} means: scripts/metrics/label-values.ts`);
  const { says, values = [], listedElsewhere } = meaning;
  const listed = listedElsewhere ? [] : values.map((value) => `\`${value}\``);
  return `- \`${label}\`: ${says}${listed.length > 0 ? `, one of ${listed.join(', ')}` : ''}`;
}

if (import.meta.main) writeFileSync(FILE, metricsPage());
