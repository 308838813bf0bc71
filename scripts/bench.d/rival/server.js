// node oidc-provider with the clients and the flows that tegata is measured with.
//
//   node server.js PORT [postgres://…]        without a database: its in-memory adapter

import { generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

import { openDatabase } from './postgres.js';

const [port, database] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const RESOURCE = 'http://127.0.0.1:18770/mcp';
const RESOURCE_RS256 = 'http://127.0.0.1:18771/mcp';

const jwk = (type, options, alg) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg };
};

const web = (client_id, id_token_signed_response_alg) => ({
  client_id,
  client_secret: `${client_id}-secret-0123456789-0123456789`,
  redirect_uris: ['http://127.0.0.1:18765/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  id_token_signed_response_alg,
});

const clients = [
  web('bench-agent', 'ES256'),
  web('bench-agent-rs256', 'RS256'),
  {
    client_id: 'nightly-report',
    client_secret: 'nightly-report-secret-0123456789-0123456789',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
];

const provider = new Provider(issuer, {
  // With a database the clients are in it, too, as they are with tegata.
  adapter: database && await openDatabase(database, clients),
  jwks: {
    keys: [
      jwk('ec', { namedCurve: 'P-256' }, 'ES256'),
      jwk('rsa', { modulusLength: 2048 }, 'RS256'),
    ],
  },
  clients: database ? [] : clients,
  scopes: ['openid', 'offline_access', 'chat.read'],
  cookies: { keys: ['not a secret of anybody'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true },
  // As tegata does: a refresh token for each code of a client that may refresh, rotated each time.
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  rotateRefreshToken: true,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    ClientCredentials: 600,
    Grant: 86_400,
    IdToken: 3_600,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // Access tokens are JWTs, by the algorithm that the resource wants.
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, _client, oneOf) => oneOf?.[0] ?? RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'openid chat.read',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: resource === RESOURCE_RS256 ? 'RS256' : 'ES256' } },
      }),
    },
  },
});

// The person of the benchmark signs in and consents to everything, once per session.
provider.use(async (ctx, next) => {
  if (ctx.path === '/readyz') {
    ctx.body = 'ready';
  } else if (ctx.path.startsWith('/interaction/')) {
    const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res);
    const result = prompt.name === 'login'
      ? { login: { accountId: 'alice' } }
      : { consent: { grantId: await consent(params) } };
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  } else {
    await next();
  }
});

function consent({ client_id: clientId, resource = RESOURCE }) {
  const grant = new provider.Grant({ accountId: 'alice', clientId });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(resource, 'openid chat.read');
  return grant.save();
}

provider.on('server_error', (_, error) => console.error(error));
provider.listen(Number(port), '127.0.0.1');
