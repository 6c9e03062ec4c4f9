export interface ConfigMembers {
  readonly dataPlane: {
    readonly host: string;
    readonly port: number;
    readonly trustedProxies: readonly string[];
  };
  readonly operationsPort: number;
  readonly module: string;
  readonly tokenLabel: string;
  readonly tokenSerial: string;
  readonly pinFile: string;
  readonly softhsmConfig: string;
}

/** The configuration file of a service on a SoftHSM token. JSON's strings are YAML's. */
export function configText(members: ConfigMembers): string {
  const text = JSON.stringify;
  return `# Written once by the set-up, and yours from then on. Paths are relative to this file.
mode: development

data_plane:
  host: ${text(members.dataPlane.host)}
  port: ${members.dataPlane.port}
${members.dataPlane.trustedProxies.length > 0 ? `  trusted_proxies: ${text(members.dataPlane.trustedProxies)}\n` : ''}
# Administration and metrics: this machine alone.
operations_plane:
  port: ${members.operationsPort}

database:
  file: keyward.db

hsm:
  module: ${text(members.module)}
  token_label: ${text(members.tokenLabel)}
  token_serial: ${text(members.tokenSerial)}
  pin_file: ${text(members.pinFile)}
  environment:
    SOFTHSM2_CONF: ${text(members.softhsmConfig)}
`;
}
