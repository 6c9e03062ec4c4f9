/** Reports as the operations plane tells of them. */
export interface ReportSummaryAnswer {
  readonly sequence: number;
  readonly report: string;
  readonly scope: string;
  readonly received_at: number;
  readonly state: string;
  readonly owner: string | null;
  readonly outcome: string | null;
  readonly about: string | null;
  readonly digest: string | null;
}

export interface ReportAnswer extends ReportSummaryAnswer {
  readonly text: string | null;
  readonly contact: string | null;
  readonly erased: boolean;
  readonly findings: ReportFindingsAnswer | null;
  readonly same_token: readonly string[];
  readonly steps: readonly {
    readonly step: string;
    readonly by: string;
    readonly at: number;
    readonly outcome: string | null;
    readonly note: string | null;
  }[];
}

export interface ReportFindingsAnswer {
  readonly readable: boolean;
  readonly signature: string;
  readonly verdict: string | null;
  readonly key: {
    readonly kid: string;
    readonly scope: string;
    readonly state: string;
    readonly proof: string;
  } | null;
  readonly record: TokenTraceAnswer | null;
  readonly revoked: boolean;
  readonly credentials: readonly { readonly holder: string | null; readonly live: boolean }[];
  readonly around: {
    readonly from: number;
    readonly to: number;
    readonly client: IssuedAroundAnswer;
    readonly subject: IssuedAroundAnswer | null;
  } | null;
  readonly failure: string | null;
}

export interface IssuedAroundAnswer {
  readonly tokens: number;
  readonly listed: readonly TokenTraceAnswer[];
  readonly complete: boolean;
}

export interface TokenTraceAnswer {
  readonly scope: string;
  readonly client: string;
  readonly jti: string;
  readonly iat: number;
}
