import { plural } from '../lib/instant.ts';
import {
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  type Place,
  type ScanReport,
  type Within,
} from './cli-collected.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

export function passedOver(statements: number): string {
  return `${plural(statements, 'statement')} of Keyward’s own passed over`;
}

/** The report as SARIF 2.1.0 (OASIS): results, and what was not read as notifications, with the notes. */
export function sarifOf({ findings, skipped, more, notes, statements }: ScanReport): object {
  const own = statements > 0 ? [{ place: '.', note: passedOver(statements) }] : [];
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
              ...notRead.map((each) => notificationOf('warning', each, `not read: ${each.why}`)),
              ...[...notes, ...own].map((each) => notificationOf('note', each, each.note)),
            ],
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: findings.map(resultOf),
      },
    ],
  };
}

function notificationOf(level: 'warning' | 'note', at: Placed, text: string): object {
  return { level, message: { text }, locations: [locationOf(at)] };
}

function ruleOf([id, { title, level }]: [
  string,
  { readonly title: string; readonly level: string },
]): object {
  return { id, shortDescription: { text: title }, defaultConfiguration: { level } };
}

function resultOf({ kind, excerpt, about, fingerprint, ...at }: Finding): object {
  const { object } = at;
  const commit = object?.commit ? `; in commit ${object.commit}` : '';
  return {
    ruleId: kind,
    ruleIndex: RULES.indexOf(kind),
    level: FINDING_KINDS[kind].level,
    message: {
      text: `${FINDING_KINDS[kind].title}: ${excerpt}${about === null ? '' : `, ${about}`}${commit}`,
    },
    locations: [locationOf(at, regionOf(at))],
    ...(fingerprint === null ? {} : { partialFingerprints: { 'keywardSecret/v1': fingerprint } }),
    ...(object ? { properties: { commit: object.commit, [object.type]: object.id } } : {}),
  };
}

const RULES = Object.keys(FINDING_KINDS) as FindingKind[];

type Placed = Within & { readonly place: string };

/** Where the objects of a repository lie: what has no path is put there, since code hosts refuse what has none. */
const OBJECTS = '.git';

/** By the file, as whoever shows it within a checkout wants it; what more is to be said of the place, by name. */
function locationOf(at: Placed, region?: object): object {
  const { place, entry, object } = at;
  const file = entry === undefined ? place : place.slice(0, -entry.length - 1);
  const artifactLocation = { uri: uriOf(object ? (object.path ?? OBJECTS) : file) };
  return {
    physicalLocation: region ? { artifactLocation, region } : { artifactLocation },
    ...(entry !== undefined || object ? { logicalLocations: [{ fullyQualifiedName: place }] } : {}),
  };
}

/** Within the file that is named; none of what is packed in it. */
function regionOf({ offset, line, entry, object }: Place): object | undefined {
  if (entry !== undefined || object?.path === null) return undefined;
  return line === null ? { byteOffset: offset, byteLength: 0 } : { startLine: line };
}

/** RFC 3986: a relative reference, or the URI of a file. */
function uriOf(path: string): string {
  const relative = path.replace(/^\.\//, '');
  const escaped = relative.split('/').map(encodeURIComponent).join('/');
  return relative.startsWith('/') ? `file://${escaped}` : escaped;
}
