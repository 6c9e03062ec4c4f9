import type { Context } from '../cli/context.ts';
import { describeReport } from './describe.ts';
import { connect } from '../cli/operations-client.ts';
import type { ReportAnswer } from './cli-answers.ts';
import { show } from '../cli/show.ts';

export async function reportShow(context: Context, number: string): Promise<void> {
  const call = await connect(context);
  tell(context, await call<CaseAnswer>('GET', `/reports/${encodeURIComponent(number)}`));
}

/** Whatever people do about a case; shows it as it then stands. */
export async function reportStep(
  context: Context,
  number: string,
  step: 'take' | 'note' | 'close' | 'erase',
  body?: { readonly note?: string; readonly outcome?: string },
): Promise<void> {
  const call = await connect(context);
  tell(context, await call<CaseAnswer>('POST', `/reports/${encodeURIComponent(number)}/${step}`, body));
}

interface CaseAnswer {
  readonly report: ReportAnswer;
}

function tell(context: Context, answer: CaseAnswer): void {
  show(context, answer, () => describeReport(answer.report, context));
}
