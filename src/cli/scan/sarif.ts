import { FINDING_KINDS, type Finding, type FindingKind, type ScanReport } from './kinds.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** The report as SARIF 2.1.0 (OASIS): results, and what was not read as notifications, with the notes. */
export function sarifOf({ findings, skipped, more, notes }: ScanReport): object {
  const unlisted = more > 0 ? [{ place: '.', why: `${more} more findings are not listed` }] : [];
  const notRead = [...skipped, ...unlisted];
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'keyward scan', rules: Object.entries(FINDING_KINDS).map(ruleOf) } },
        invocations: [
          {
            executionSuccessful: skipped.length === 0,
            toolExecutionNotifications: [
              ...notRead.map(({ place, why }) => notificationOf('warning', place, `not read: ${why}`)),
              ...notes.map(({ place, note }) => notificationOf('note', place, note)),
            ],
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: findings.map(resultOf),
      },
    ],
  };
}

function notificationOf(level: 'warning' | 'note', place: string, text: string): object {
  return {
    level,
    message: { text },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(place) } } }],
  };
}

function ruleOf([id, { title, level }]: [
  string,
  { readonly title: string; readonly level: string },
]): object {
  return { id, shortDescription: { text: title }, defaultConfiguration: { level } };
}

function resultOf({ kind, place, offset, line, excerpt, about, fingerprint }: Finding): object {
  const region = line === null ? { byteOffset: offset, byteLength: 0 } : { startLine: line };
  return {
    ruleId: kind,
    ruleIndex: RULES.indexOf(kind),
    level: FINDING_KINDS[kind].level,
    message: { text: `${FINDING_KINDS[kind].title}: ${excerpt}${about === null ? '' : `, ${about}`}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(place) }, region } }],
    ...(fingerprint === null ? {} : { partialFingerprints: { 'keywardSecret/v1': fingerprint } }),
  };
}

const RULES = Object.keys(FINDING_KINDS) as FindingKind[];

/** Of an object of a repository the path, if it has one. */
const OBJECT = /^git:[0-9a-f]+ \((.+)\)(!.*)?$/;

/** RFC 3986: a relative reference, as whoever shows it within a checkout wants it. */
function uriOf(place: string): string {
  const relative = place.replace(OBJECT, '$1$2').replace(/^\.\//, '');
  const escaped = relative.split('/').map(encodeURIComponent).join('/');
  return relative.startsWith('/') ? `file://${escaped}` : escaped;
}
