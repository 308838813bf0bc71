// The MCP TypeScript SDK's `CrossAppAccessProvider`, as a transport uses it after a 401: it finds
// chat by the resource's metadata, and redeems with `scope` and `resource`.

import assert from 'node:assert/strict';
import { auth } from '@modelcontextprotocol/client';
import { AT_CHAT, AT_HOME, CHAT, RESOURCE, byIdJag, claims, idToken } from './mcp.mjs';

const subjectToken = await idToken();
const provider = byIdJag(AT_HOME, AT_CHAT, CHAT, subjectToken);
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
