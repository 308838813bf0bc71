// The MCP TypeScript SDK at the demo's chat as a client that describes itself: its client_id is the
// address of its metadata document, which this script serves, too.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { claims } from './mcp.mjs';
import { signsInAndAllows } from './person.mjs';

const { CHAT_API, DOCUMENT, CERTIFICATE, KEY } = process.env;
const REDIRECT_URI = 'http://127.0.0.1:18765/callback';
const METADATA = {
  client_name: 'Stock MCP client',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
};

let asked = 0;
const host = createServer(
  { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) },
  (_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ client_id: DOCUMENT, ...METADATA }));
  },
);
await new Promise((listening) => host.listen(new URL(DOCUMENT).port, '127.0.0.1', listening));

const provider = {
  redirectUrl: REDIRECT_URI,
  clientMetadata: METADATA,
  clientMetadataUrl: DOCUMENT,
  state: () => (provider.expected = randomUUID()),
  clientInformation: () => provider.client,
  saveClientInformation: (client) => void (provider.client = client),
  tokens: () => provider.saved,
  saveTokens: (tokens) => void (provider.saved = tokens),
  codeVerifier: () => provider.verifier,
  saveCodeVerifier: (verifier) => void (provider.verifier = verifier),
  discoveryState: () => provider.discovered,
  saveDiscoveryState: (discovered) => void (provider.discovered = discovered),
  redirectToAuthorization: (url) => void (provider.authorizationUrl = url),
};
const transport = () =>
  new StreamableHTTPClientTransport(new URL(CHAT_API), { authProvider: provider });
const client = () =>
  new Client({ name: 'stock', version: '1' }, { versionNegotiation: { mode: 'auto' } });

const first = transport();
await assert.rejects(client().connect(first), UnauthorizedError);
assert.equal(provider.client.client_id, DOCUMENT);
const { searchParams } = await signsInAndAllows(provider.authorizationUrl);
assert.equal(searchParams.get('state'), provider.expected);
await first.finishAuth(searchParams);

const mcp = client();
await mcp.connect(transport());
const read = await mcp.callTool({ name: 'read_messages', arguments: {} });
assert.equal(read.structuredContent.client, DOCUMENT);
assert.equal(claims(provider.saved.access_token).client_id, DOCUMENT);
// Fetched once, and kept.
assert.equal(asked, 1);
await mcp.close();
host.closeAllConnections();
host.close();
