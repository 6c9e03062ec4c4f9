import type { Context } from '../cli/context.ts';
import { describeReports } from './describe.ts';
import { connect } from '../cli/operations-client.ts';
import type { ReportSummaryAnswer } from './cli-answers.ts';
import { show } from '../cli/show.ts';

export interface ReportListOptions {
  readonly before?: number;
  readonly state?: string;
  readonly scope?: string;
}

export async function reportList(context: Context, options: ReportListOptions): Promise<void> {
  const call = await connect(context);
  const asked = Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]);
  const query = new URLSearchParams(asked).toString();
  const path = query === '' ? '/reports' : `/reports?${query}`;
  const answer = await call<{ reports: readonly ReportSummaryAnswer[] }>('GET', path);
  show(context, answer, () => describeReports(answer.reports, context));
}
