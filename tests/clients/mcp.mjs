// What the scripts of the MCP TypeScript SDK begin with: its own sign-in at home.
// Run by itself with the id and the secret of a client, prints an ID token.

import { fileURLToPath } from 'node:url';
import {
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  discoverAuthorizationServerMetadata,
  exchangeAuthorization,
  startAuthorization,
} from '@modelcontextprotocol/client';
import { signsInAndAllows } from './person.mjs';

export const { ISSUER } = process.env;
export const CHAT = `${ISSUER}/services/chat`;
export const RESOURCE = 'http://127.0.0.1:18770/mcp';
export const AT_HOME = {
  clientId: 'wiki-agent',
  clientSecret: 'wiki-agent-secret-0123456789-0123456789',
};
export const AT_CHAT = {
  clientId: 'wiki-at-chat',
  clientSecret: 'wiki-at-chat-secret-0123456789-0123456789',
};

/** The ID token of a fresh sign-in to a client, by the SDK's authorization-code functions. */
export async function idToken(client = AT_HOME) {
  const metadata = await discoverAuthorizationServerMetadata(ISSUER);
  const common = {
    metadata,
    clientInformation: { client_id: client.clientId, client_secret: client.clientSecret },
  };
  const redirectUri = 'http://127.0.0.1:18765/callback';
  const { authorizationUrl, codeVerifier } = await startAuthorization(ISSUER, {
    ...common,
    redirectUrl: redirectUri,
    scope: 'openid profile',
    state: 'here',
  });
  const back = await signsInAndAllows(authorizationUrl);
  const tokens = await exchangeAuthorization(ISSUER, {
    ...common,
    authorizationCode: back.searchParams.get('code'),
    iss: back.searchParams.get('iss'),
    codeVerifier,
    redirectUri,
  });
  return tokens.id_token;
}

/** The SDK's provider that gets an ID-JAG for the service which a resource names, and redeems it. */
export function byIdJag(atHome, atService, expectedIssuer, idToken) {
  return new CrossAppAccessProvider({
    ...atService,
    expectedIssuer,
    assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
      const grant = await discoverAndRequestJwtAuthGrant({
        ...atHome,
        idpUrl: ISSUER,
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken,
        scope,
        fetchFn,
      });
      return grant.jwtAuthGrant;
    },
  });
}

/** The payload of a JWT, unverified: the resource server's part is not played here. */
export function claims(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [clientId, clientSecret] = process.argv.slice(2);
  console.log(await idToken({ clientId, clientSecret }));
}
