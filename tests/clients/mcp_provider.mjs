// The MCP TypeScript SDK's `CrossAppAccessProvider`, as a transport uses it after a 401: it finds
// chat by the resource's metadata, and redeems with `scope` and `resource`.

import assert from 'node:assert/strict';
import { CrossAppAccessProvider, auth, discoverAndRequestJwtAuthGrant } from '@modelcontextprotocol/client';
import { AT_CHAT, AT_HOME, CHAT, ISSUER, RESOURCE, claims, idToken } from './mcp.mjs';

const subjectToken = await idToken();
const provider = new CrossAppAccessProvider({
  ...AT_CHAT,
  expectedIssuer: CHAT,
  assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
    const grant = await discoverAndRequestJwtAuthGrant({
      ...AT_HOME,
      idpUrl: ISSUER,
      audience: authorizationServerUrl,
      resource: resourceUrl,
      idToken: subjectToken,
      scope,
      fetchFn,
    });
    return grant.jwtAuthGrant;
  },
});
const outcome = await auth(provider, {
  serverUrl: RESOURCE,
  scope: 'chat.read chat.write',
  fetchFn: withResource,
});
assert.equal(outcome, 'AUTHORIZED');
const accessToken = claims(provider.tokens().access_token);
assert.deepEqual([accessToken.aud].flat(), [RESOURCE]);
assert.deepEqual(accessToken.scope.split(' ').sort(), ['chat.read', 'chat.write']);

// There is no resource server in this test: its RFC 9728 metadata is told here, all else is fetched.
function withResource(url, init) {
  if (new URL(url).origin !== new URL(RESOURCE).origin) return fetch(url, init);
  assert.equal(new URL(url).pathname, '/.well-known/oauth-protected-resource/mcp');
  return Response.json({ resource: RESOURCE, authorization_servers: [CHAT] });
}
