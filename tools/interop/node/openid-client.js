import {
  allowInsecureRequests,
  ClientSecretPost,
  discovery,
  tokenIntrospection,
  tokenRevocation,
} from 'openid-client';
import { tried, versions } from './library.js';

await tried(
  `${versions('openid-client')}, client_secret_post`,
  async ({ client_id, client_secret, scopes: [{ issuer }] }) => {
    const config = await discovery(new URL(issuer), client_id, undefined, ClientSecretPost(client_secret), {
      execute: [allowInsecureRequests],
    });
    return {
      introspect: async (token) => (await tokenIntrospection(config, token)).active,
      revoke: (token) => tokenRevocation(config, token),
      discover: () => config.serverMetadata().jwks_uri,
    };
  },
);
