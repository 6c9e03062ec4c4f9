/** What the operations plane answers about reviews. Times in seconds since the epoch. */
export interface ListedAnswer<T> {
  readonly listed: readonly T[];
  readonly more: number;
}

export interface PeriodAnswer {
  readonly from: number;
  readonly to: number;
  readonly first_event: number;
  readonly last_event: number;
  readonly more: boolean;
}

export interface ReviewAnswer {
  readonly review: {
    readonly period: PeriodAnswer;
    readonly new_callers: ListedAnswer<{
      readonly caller: string;
      readonly at: number;
      readonly by: string;
      readonly approved_by: string | null;
    }>;
    readonly new_sources: ListedAnswer<{
      readonly caller: string;
      readonly network: string;
      readonly event: number;
      readonly at: number;
    }>;
    readonly denied: ListedAnswer<{
      readonly caller: string | null;
      readonly what: string;
      readonly code: string;
      readonly count: number;
      readonly remotes: readonly string[];
    }>;
    readonly volume: ListedAnswer<{
      readonly client: string;
      readonly scope: string;
      readonly tokens: number;
      readonly before: number | null;
    }>;
    readonly odd_hours: ListedAnswer<{
      readonly client: string;
      readonly scope: string;
      readonly at: number;
      readonly tokens: number;
    }>;
    readonly ledger_counted_from: number | null;
    readonly acts: ListedAnswer<{
      readonly type: string;
      readonly count: number;
      readonly by: readonly string[];
      readonly last_at: number;
    }>;
    readonly unresolved: ListedAnswer<{
      readonly sequence: number;
      readonly type: string;
      readonly severity: string;
      readonly subject: string;
      readonly state: string;
      readonly raised_at: number;
    }>;
  };
  readonly digest: string;
  readonly acts: number;
  readonly own_acts: number;
  readonly covered_until: number;
  readonly overdue_at: number;
}

export interface SignedOffAnswer {
  readonly period: PeriodAnswer;
  readonly digest: string;
  readonly note: string;
  readonly acts: number;
  readonly own_acts: number;
  readonly signed_off_by: string;
  readonly signed_off_at: number;
}
