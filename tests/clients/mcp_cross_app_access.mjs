// The MCP TypeScript SDK's cross-app access, function by function: it requests the ID-JAG with the
// secret in the body, and redeems it by Basic with only `grant_type` and `assertion`.

import assert from 'node:assert/strict';
import {
  discoverAndRequestJwtAuthGrant,
  discoverAuthorizationServerMetadata,
  exchangeJwtAuthGrant,
} from '@modelcontextprotocol/client';
import { AT_CHAT, AT_HOME, CHAT, ISSUER, RESOURCE, claims, idToken } from './mcp.mjs';

const chat = await discoverAuthorizationServerMetadata(CHAT);
const request = {
  idpUrl: ISSUER,
  audience: CHAT,
  resource: RESOURCE,
  idToken: await idToken(),
  scope: 'chat.read',
  ...AT_HOME,
};
const grant = await discoverAndRequestJwtAuthGrant(request);
assert.ok(grant.expiresIn > 0 && grant.expiresIn <= 300);
const idJag = claims(grant.jwtAuthGrant);
assert.equal(idJag.iss, ISSUER);
assert.equal(idJag.aud, CHAT);
assert.equal(idJag.client_id, AT_CHAT.clientId);
assert.equal(idJag.scope, 'chat.read');
assert.deepEqual([idJag.resource].flat(), [RESOURCE]);

const redemption = {
  tokenEndpoint: chat.token_endpoint,
  jwtAuthGrant: grant.jwtAuthGrant,
  ...AT_CHAT,
};
const tokens = await exchangeJwtAuthGrant(redemption);
assert.equal(tokens.token_type.toLowerCase(), 'bearer');
assert.equal(tokens.refresh_token, undefined);
const accessToken = claims(tokens.access_token);
assert.equal(accessToken.iss, CHAT);
assert.deepEqual([accessToken.aud].flat(), [RESOURCE]);
assert.equal(accessToken.client_id, AT_CHAT.clientId);
assert.equal(accessToken.scope, 'chat.read');

// docs/decisions: an ID-JAG works once.
await assert.rejects(exchangeJwtAuthGrant(redemption), /invalid_grant/);

// The other way to authenticate that the SDK has, with an ID-JAG of its own.
const second = await discoverAndRequestJwtAuthGrant(request);
await exchangeJwtAuthGrant({
  ...redemption,
  jwtAuthGrant: second.jwtAuthGrant,
  authMethod: 'client_secret_post',
});

// What the SDK tells of a refusal.
await assert.rejects(
  discoverAndRequestJwtAuthGrant({ ...request, audience: 'https://elsewhere.example' }),
  /invalid_target|access_denied/,
);
