import type { PlaneName } from './exchange.ts';

/** By path: the first that fits. */
const TAGS: Readonly<Record<PlaneName, readonly (readonly [name: string, description: string, RegExp])[]>> = {
  data: [
    ['Tokens', 'Issue tokens, and sign claims of your own.', /\/(?:tokens|tokens\/batch|jws)$/],
    [
      'Verification',
      'Verify and introspect tokens, and report those that were accepted.',
      /\/v1\/.*\/(?:verify|introspect|sightings)$/,
    ],
    ['Revocation', 'Revoke a token.', /\/revoke$/],
    ['Key sets', 'Fetch key sets and follow their changes.', /\/jwks\.|\.well-known|\/(?:events|acks)$/],
    ['Reports', 'Report a leaked token or credential.', /\/(?:reports?|leaks)$/],
    ['Service', 'Health, this description and the checkpoint of the audit trail.', /^/],
  ],
  operations: [
    ['Scopes', 'Key scopes: policy, rotation and its pause.', /^\/v1\/admin\/scopes/],
    [
      'Keys',
      'Signing keys and service keys: proof, suspension, compromise, destruction.',
      /\/(?:keys|service-keys)/,
    ],
    ['HSM', 'HSM tokens: inventory, PIN latch, compromise.', /\/(?:hsm|inventory)/],
    [
      'Verifiers',
      'Relying services: what they hold, and probes of what they refuse.',
      /\/(?:verifiers|probes?)/,
    ],
    ['Clients', 'Clients of the data plane, their credentials and grants.', /\/(?:clients|grants)/],
    ['Operators', 'Operators, their credentials and roles.', /\/(?:operators|whoami)/],
    ['Proposals', 'Acts that wait for a second person.', /\/proposals/],
    ['Tokens', 'Records of issued tokens, and revocations.', /\/(?:ledger|revocations)/],
    ['Events', 'Security events and their notifications.', /\/(?:events|notifications)/],
    ['Canaries', 'Decoys that raise an alarm.', /\/canaries/],
    ['Reports', 'Reports of leaks, and the search for leaked digests.', /\/(?:reports|leaks)/],
    ['Reviews', 'Reviews and rehearsals.', /\/(?:reviews|drills)/],
    ['Audit', 'The audit trail and its checkpoints.', /\/(?:audit|checkpoints)/],
    ['Service', 'Health, metrics, configuration, clock and database.', /^/],
  ],
};

export function tagsOf(plane: PlaneName): readonly { readonly name: string; readonly description: string }[] {
  return TAGS[plane].map(([name, description]) => ({ name, description }));
}

export function tagOf(plane: PlaneName, path: string): string {
  return TAGS[plane].find(([, , paths]) => paths.test(path))?.[0] ?? '';
}
