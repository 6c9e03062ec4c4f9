import { PROMETHEUS } from './datasource.ts';

/** What whoever looks can choose: the Prometheus, the instances, the scopes. */
export const VARIABLES: readonly object[] = [
  {
    current: {},
    includeAll: false,
    label: 'Prometheus',
    multi: false,
    name: 'datasource',
    query: 'prometheus',
    refresh: 1,
    type: 'datasource',
  },
  valuesOf('instance', 'Instance', 'label_values(keyward_http_requests_in_flight, instance)'),
  valuesOf('scope', 'Key scope', 'label_values(keyward_keys{instance=~"$instance"}, scope)'),
];

function valuesOf(name: string, label: string, definition: string): object {
  return {
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    datasource: PROMETHEUS,
    definition,
    includeAll: true,
    label,
    multi: true,
    name,
    query: { qryType: 1, query: definition, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    refresh: 2,
    sort: 1,
    type: 'query',
  };
}
