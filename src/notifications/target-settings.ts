import type { Severity } from '../kernel/security-event-types.ts';

/** Members that every target may have. */
interface Common {
  /** Sends the evidence too, but for what tokens and records say of persons. */
  readonly evidence: boolean;
  /** Told one by one within ten minutes; what is above is summed up. */
  readonly messages_per_window: number;
}

/** Members of those that are reached over the network. */
interface Remote {
  /** Allows addresses that are loopback, private or link-local. */
  readonly allow_private: boolean;
}

interface Trust {
  readonly ca_file?: string | undefined;
}

export interface WebhookSettings extends Common, Remote {
  readonly type: 'webhook';
  readonly url: string;
  readonly secret_file: string;
  readonly tls?: Trust | undefined;
}

export interface EmailSettings extends Common, Remote {
  readonly type: 'email';
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly mode: 'starttls' | 'implicit' | 'off' } & Trust;
  readonly user?: string | undefined;
  readonly password_file?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

export interface SyslogSettings extends Common, Remote {
  readonly type: 'syslog';
  readonly host: string;
  readonly port: number;
  readonly tls?: Trust | undefined;
}

export interface FileSettings extends Common {
  readonly type: 'file';
  readonly file: string;
}

export type TargetSettings = WebhookSettings | EmailSettings | SyslogSettings | FileSettings;

export interface RouteSettings {
  readonly name: string;
  readonly severities: readonly Severity[];
  /** Undefined: of every type. `key.*` are all that begin with `key.`. */
  readonly types?: readonly string[] | undefined;
  readonly targets: readonly string[];
  /**
   * A critical event stays here until somebody acknowledges it, and goes on when the time is over; null where nobody
   * is there to do so.
   */
  readonly acknowledge_within_seconds: number | null;
}

/** Who is told what; all paths absolute. */
export interface NotificationSettings {
  readonly targets: Readonly<Record<string, TargetSettings>>;
  readonly routes: readonly RouteSettings[];
  /** The e-mail target by which contacts of scopes are told; null for none. */
  readonly contacts: { readonly target: string; readonly severities: readonly Severity[] } | null;
  /** Where the runbooks are read, without a trailing slash. */
  readonly runbooks_url: string;
  readonly attempts: number;
  readonly deadline_ms: number;
  /** How often every target gets a sign of life; null for never. */
  readonly heartbeat_seconds: number | null;
}
