// Writes deploy/grafana/keyward.json, which a test holds against the rows in scripts/dashboard/.
import { writeFileSync } from 'node:fs';
import { PROMETHEUS } from './dashboard/datasource.ts';
import { laidOut } from './dashboard/layout.ts';
import { EVENTS } from './dashboard/rows/events.ts';
import { FRONTS } from './dashboard/rows/fronts.ts';
import { GLANCE } from './dashboard/rows/glance.ts';
import { HSM } from './dashboard/rows/hsm.ts';
import { ISSUING } from './dashboard/rows/issuing.ts';
import { KEYS } from './dashboard/rows/keys.ts';
import { PROCESS } from './dashboard/rows/process.ts';
import { RECORDS } from './dashboard/rows/records.ts';
import { VERIFICATION } from './dashboard/rows/verification.ts';
import { of } from './dashboard/selector.ts';
import { VARIABLES } from './dashboard/variables.ts';

const FILE = new URL('../deploy/grafana/keyward.json', import.meta.url);
/** Of Grafana 13; newer ones bring it up to date when they load it. */
const SCHEMA_VERSION = 42;

const CRITICAL_EVENTS = {
  datasource: PROMETHEUS,
  enable: true,
  expr: `sum by (type) (increase(${of('keyward_security_events_total', 'severity="critical"')}[$__interval])) > 0`,
  hide: false,
  iconColor: 'red',
  name: 'Critical events',
  titleFormat: '{{type}}',
};

/** The dashboard, as Grafana imports and provisions it. */
export function dashboard(): string {
  const model = {
    annotations: { list: [CRITICAL_EVENTS] },
    description:
      'Keyward: fronts, issuing, verification, keys and their windows, HSM, records, security events.',
    editable: true,
    graphTooltip: 1,
    id: null,
    links: [],
    panels: laidOut([GLANCE, FRONTS, ISSUING, VERIFICATION, KEYS, HSM, RECORDS, EVENTS, PROCESS]),
    refresh: '30s',
    schemaVersion: SCHEMA_VERSION,
    tags: ['keyward'],
    templating: { list: VARIABLES },
    time: { from: 'now-6h', to: 'now' },
    timepicker: {},
    timezone: 'browser',
    title: 'Keyward',
    uid: 'keyward',
    version: 1,
  };
  return `${JSON.stringify(model, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(FILE, dashboard());
