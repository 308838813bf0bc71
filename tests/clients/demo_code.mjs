// The MCP TypeScript SDK at the demo's chat, by the interactive code flow: the SDK finds the service by
// the API's 401, sends the person there, and asks them again when a tool needs more.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { claims } from './mcp.mjs';
import { signsInAndAllows } from './person.mjs';

const { CHAT_API } = process.env;
const REDIRECT_URI = 'http://127.0.0.1:18765/callback';
// See src/walkthrough/cast.rs.
const AT_CHAT = {
  client_id: 'mcp-client-at-chat',
  client_secret: 'demo-secret-of-the-mcp-client-at-chat',
};

/** Keeps what the SDK gives it, and sends the person to the browser. */
class Provider {
  redirectUrl = REDIRECT_URI;
  clientMetadata = {
    client_name: 'Stock MCP client',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
  };
  constructor(client) {
    this.client = client;
  }
  state = () => (this.expected = randomUUID());
  clientInformation = () => this.client;
  saveClientInformation = (client) => void (this.client = client);
  tokens = () => this.saved;
  saveTokens = (tokens) => void (this.saved = tokens);
  codeVerifier = () => this.verifier;
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  discoveryState = () => this.discovered;
  saveDiscoveryState = (discovered) => void (this.discovered = discovered);
  redirectToAuthorization = (url) => void (this.authorizationUrl = url);

  transport() {
    return new StreamableHTTPClientTransport(new URL(CHAT_API), { authProvider: this });
  }
  /** The person does what the page wants, and the SDK redeems the code. */
  async comesBack(transport) {
    const { searchParams } = await signsInAndAllows(this.authorizationUrl);
    assert.equal(searchParams.get('state'), this.expected);
    await transport.finishAuth(searchParams);
  }
  scopes = () => claims(this.saved.access_token).scope.split(' ').sort();
}

/** A client that the person has let in to read. */
async function connected(provider) {
  const first = provider.transport();
  await assert.rejects(client().connect(first), UnauthorizedError);
  await provider.comesBack(first);
  const [mcp, transport] = [client(), provider.transport()];
  await mcp.connect(transport);
  assert.deepEqual(provider.scopes(), ['chat.read']);
  assert.deepEqual([claims(provider.saved.access_token).aud].flat(), [CHAT_API]);
  const read = await mcp.callTool({ name: 'read_messages', arguments: {} });
  assert.equal(read.structuredContent.client, provider.client.client_id);
  assert.ok(read.structuredContent.items.includes('Bob: is the train booked?'));
  return { mcp, transport };
}

const client = () =>
  new Client({ name: 'stock', version: '1' }, { versionNegotiation: { mode: 'auto' } });

async function registeredByTheAdministrator() {
  const provider = new Provider(AT_CHAT);
  const { mcp, transport } = await connected(provider);

  const message = { name: 'send_message', arguments: { text: 'Alice: it is' } };
  await assert.rejects(mcp.callTool(message), UnauthorizedError);
  await provider.comesBack(transport);
  const sent = await mcp.callTool(message);
  assert.equal(sent.structuredContent.item, 'Alice: it is');
  assert.deepEqual(provider.scopes(), ['chat.read', 'chat.write']);
  await mcp.close();
}

/** RFC 7591. */
async function registeredByItself() {
  const provider = new Provider(undefined);
  const { mcp } = await connected(provider);
  assert.notEqual(provider.client.client_id, AT_CHAT.client_id);
  await mcp.close();
}

await registeredByTheAdministrator();
await registeredByItself();
