// The MCP TypeScript SDK at the demo's calendar, by ID-JAG: client and transport are the SDK's, and
// they find everything by what the API answers. Both of its eras: 2026-07-28, and `initialize`.

import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { ISSUER, byIdJag, claims, idToken } from './mcp.mjs';

const { CALENDAR_API } = process.env;
const CALENDAR = `${ISSUER}/services/calendar`;
// See src/walkthrough/cast.rs.
const AT_HOME = {
  clientId: 'travel-agent',
  clientSecret: 'demo-secret-of-the-travel-agent-at-home',
};
const AT_CALENDAR = {
  clientId: 'travel-agent-at-calendar',
  clientSecret: 'demo-secret-of-the-travel-agent-at-calendar',
};

const subjectToken = await idToken(AT_HOME);
for (const mode of ['auto', 'legacy']) await readsAndWrites(mode);

async function readsAndWrites(mode) {
  const provider = byIdJag(AT_HOME, AT_CALENDAR, CALENDAR, subjectToken);
  const transport = new StreamableHTTPClientTransport(new URL(CALENDAR_API), {
    authProvider: provider,
  });
  const client = new Client({ name: 'stock', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  assert.equal(client.getProtocolEra(), mode === 'auto' ? 'modern' : 'legacy');
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(({ name }) => name), ['list_events', 'add_event']);

  const read = await client.callTool({ name: 'list_events', arguments: {} });
  assert.equal(read.structuredContent.client, AT_CALENDAR.clientId);
  assert.ok(read.structuredContent.items.includes('09:30 Stand-up'));
  // As little as the challenge named.
  assert.equal(claims(provider.tokens().access_token).scope, 'calendar.read');

  // 403 insufficient_scope; then the provider gets an ID-JAG for both, and nobody is asked.
  const text = `12:00 Lunch, ${mode}`;
  const added = await client.callTool({ name: 'add_event', arguments: { text } });
  assert.equal(added.structuredContent.item, text);
  const token = claims(provider.tokens().access_token);
  assert.equal(added.structuredContent.acting_for, token.sub);
  assert.deepEqual(token.scope.split(' ').sort(), ['calendar.read', 'calendar.write']);
  assert.deepEqual([token.aud].flat(), [CALENDAR_API]);

  const wrong = await client.callTool({ name: 'add_event', arguments: {} });
  assert.equal(wrong.isError, true);
  await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /no such tool/);
  await client.close();
}
