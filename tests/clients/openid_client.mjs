// openid-client 6 as relying party: discovery, code and PKCE, ID token, userinfo, refresh, sign-out.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { signsInAndAllows } from './person.mjs';

const CLIENT_ID = 'wiki-agent';
const CLIENT_SECRET = 'wiki-agent-secret-0123456789-0123456789';
const REDIRECT_URI = 'http://127.0.0.1:18765/callback';
const SIGNED_OUT = 'http://127.0.0.1:18765/signed-out';
const { ISSUER } = process.env;

for (const authentication of [
  client.ClientSecretBasic(CLIENT_SECRET),
  client.ClientSecretPost(CLIENT_SECRET),
]) {
  const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication, {
    // Plain http, as the issuer of a test is on loopback; and the ID token's signature is checked
    // by the published keys, although TLS would do.
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
  await signInAndOut(config);
}

async function signInAndOut(config) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const authorization = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const back = await signsInAndAllows(authorization);
  // RFC 9207. openid-client compares it too, but only if the metadata promises it.
  assert.equal(config.serverMetadata().authorization_response_iss_parameter_supported, true);
  assert.equal(back.searchParams.get('iss'), ISSUER);

  const tokens = await client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  const { sub, auth_time: authTime } = tokens.claims();
  assert.ok(sub);
  assert.ok(authTime > 0);

  const user = await client.fetchUserInfo(config, tokens.access_token, sub);
  assert.equal(user.email, 'alice@example.com');
  assert.equal(user.name, 'Alice Example');

  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(next.access_token, tokens.access_token);
  assert.notEqual(next.refresh_token, tokens.refresh_token);

  const end = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: SIGNED_OUT,
    state: 'bye',
  });
  assert.equal((await signsInAndAllows(end)).href, `${SIGNED_OUT}?state=bye`);
}
