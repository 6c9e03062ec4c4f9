/**
 * What a session goes by, whatever server, database, role and connection string say. Values are as the server shows
 * them.
 */
export const SESSION_SETTINGS = {
  application_name: 'keyward',
  // Without it the word NULL in an array is text.
  array_nulls: 'on',
  bytea_output: 'hex',
  // With `error`, a commit that was not replicated would say nothing of it.
  client_min_messages: 'warning',
  default_transaction_deferrable: 'off',
  // Behind a lock that was waited for, a statement has to see what was committed in between.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  // A front that is stopped within a change holds up whoever takes its place so long; a busy one takes less.
  idle_in_transaction_session_timeout: '10s',
  lock_timeout: '5s',
  plan_cache_mode: 'force_generic_plan',
  quote_all_identifiers: 'off',
  // Else what is temporary comes first, without being named.
  search_path: 'keyward, pg_temp',
  standard_conforming_strings: 'on',
  // A wait for a standby is not ended by it.
  statement_timeout: '30s',
  synchronous_commit: 'on',
  transform_null_equals: 'off',
} as const satisfies Readonly<Record<string, string>>;

/** Of TCP alone, and of servers whose system has it: what they show is not looked at. */
export const TCP_SETTINGS = { tcp_user_timeout: '10s' } as const;

export type Settings = Readonly<Record<string, string>>;

/**
 * One statement for all of them, for the session or, where a pooler gives sessions away, for the transaction. Its row says
 * which `server` that is.
 */
export function settingStatement(settings: Settings, reach: 'session' | 'transaction'): string {
  const isLocal = reach === 'transaction';
  const calls = Object.entries(settings).map(
    ([name, value]) => `set_config('${name}', '${value}', ${isLocal})`,
  );
  return `select pg_postmaster_start_time()::text as server, ${calls.join(', ')}`;
}

/** Answers one row, with a column for each. */
export function settingsShown(settings: Settings): string {
  const shown = Object.keys(settings).map((name) => `current_setting('${name}') as ${name}`);
  return `select ${shown.join(', ')}`;
}

/** Names the first that is not as it was set; undefined where all are. */
export function settingRefused(
  settings: Settings,
  shown: Readonly<Record<string, unknown>>,
): string | undefined {
  const [name] = Object.entries(settings).find(([each, value]) => shown[each] !== value) ?? [];
  return name === undefined
    ? undefined
    : `${name} is ${shown[name]}, not ${settings[name as keyof Settings]}`;
}
