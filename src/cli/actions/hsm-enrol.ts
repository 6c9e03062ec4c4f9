import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface Answer {
  readonly registry_key: string;
  readonly audit_key: string;
  readonly former_token: string;
  readonly stolen: boolean;
  readonly keys: number;
}

export interface HsmEnrolOptions {
  readonly reason: string;
  readonly stolen?: boolean;
}

export async function hsmEnrol(context: Context, { reason, stolen = false }: HsmEnrolOptions): Promise<void> {
  const call = await connect(context);
  const answer = await call<Answer>('POST', '/service-keys/enrol', { reason, stolen });
  show(context, answer, () =>
    [
      `Enrolled: registry key ${answer.registry_key}, audit key ${answer.audit_key}.`,
      `The lost token is ${answer.former_token} from now on; ${answer.keys} signing keys were on it.`,
      answer.stolen
        ? 'They are compromised: none of their tokens is accepted.'
        : 'They sign no more, and their tokens are good until they expire.',
    ].join('\n'),
  );
}
