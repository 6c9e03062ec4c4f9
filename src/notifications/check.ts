import { type Finding, fail, ok, warn } from '../lib/finding.ts';
import { readSecretLines } from '../lib/secret-file.ts';
import { errorMessage } from '../lib/text.ts';
import { waitingRoutes } from './plan.ts';
import type { NotificationSettings, TargetSettings } from './target-settings.ts';
import { readWebhookSecrets } from './targets/webhook.ts';

const CHECK = 'notifications';

/** Whether anybody is told of security events, and the secrets for it can be read; nothing is sent. */
export async function checkNotifications(settings: NotificationSettings): Promise<readonly Finding[]> {
  const targets = Object.entries(settings.targets);
  if (targets.length === 0) {
    return [warn(CHECK, 'no target: security events are told to nobody', 'name one: docs/notifications.md')];
  }
  const flaws = await Promise.all(targets.map(([, settings]) => secretFlaw(settings)));
  const findings = targets.map(([name, { type }], at) => {
    const flaw = flaws[at];
    if (flaw !== undefined)
      return fail(CHECK, `${name}: ${flaw}`, 'mend the file; it is read at each attempt');
    return ok(CHECK, `${name} (${type}); keyward notify test says whether it takes anything`);
  });
  return [...findings, escalation(settings)];
}

function escalation(settings: NotificationSettings): Finding {
  const names = waitingRoutes(settings).map(({ name }) => name);
  if (names.length > 0) return ok(CHECK, `critical events wait for somebody at: ${names.join(', ')}`);
  return warn(
    CHECK,
    'no route waits for somebody to acknowledge critical events: none escalates',
    'give one that reaches people acknowledge_within_seconds: docs/notifications.md',
  );
}

async function secretFlaw(settings: TargetSettings): Promise<string | undefined> {
  try {
    if (settings.type === 'webhook') await readWebhookSecrets(settings.secret_file);
    if (settings.type === 'email' && settings.password_file !== undefined) {
      await readSecretLines(settings.password_file);
    }
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
