// An adapter of oidc-provider on PostgreSQL, after the interface that its documentation describes:
// https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#adapter
// All models share one table, as in the example adapters for Redis and MongoDB.

import pg from 'pg';

// As many as tegata opens.
const CONNECTIONS = 16;

const TABLE = `
  CREATE TABLE IF NOT EXISTS oidc (
    model text NOT NULL, id text NOT NULL, payload jsonb NOT NULL,
    grant_id text, user_code text, uid text,
    expires_at timestamptz, consumed_at timestamptz,
    PRIMARY KEY (model, id)
  );
  CREATE INDEX IF NOT EXISTS oidc_by_grant ON oidc (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_by_uid ON oidc (model, uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_by_user_code ON oidc (model, user_code) WHERE user_code IS NOT NULL;
`;

const FOUND = 'SELECT payload, consumed_at FROM oidc WHERE (expires_at IS NULL OR expires_at > now())';

// By its name a statement is prepared once per connection.
const UPSERT = {
  name: 'upsert',
  text: `INSERT INTO oidc (model, id, payload, grant_id, user_code, uid, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
    ON CONFLICT (model, id) DO UPDATE SET payload = $3, grant_id = $4, user_code = $5, uid = $6,
      expires_at = now() + $7 * interval '1 second'`,
};
const FIND = { name: 'find', text: `${FOUND} AND model = $1 AND id = $2` };
const BY_UID = { name: 'by-uid', text: `${FOUND} AND model = $1 AND uid = $2` };
const BY_USER_CODE = { name: 'by-user-code', text: `${FOUND} AND model = $1 AND user_code = $2` };
const CONSUME = {
  name: 'consume',
  text: 'UPDATE oidc SET consumed_at = now() WHERE model = $1 AND id = $2',
};
const DESTROY = { name: 'destroy', text: 'DELETE FROM oidc WHERE model = $1 AND id = $2' };
const REVOKE = { name: 'revoke', text: 'DELETE FROM oidc WHERE grant_id = $1' };

export async function openDatabase(connectionString, clients) {
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS });
  await pool.query(TABLE);
  for (const client of clients) {
    await pool.query({ ...UPSERT, values: ['Client', client.client_id, client, null, null, null, null] });
  }

  return class PostgresAdapter {
    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload, expiresIn) {
      const { grantId, userCode, uid } = payload;
      const values = [this.model, id, payload, grantId, userCode, uid, expiresIn];
      await pool.query({ ...UPSERT, values });
    }

    find(id) {
      return this.#found(FIND, id);
    }

    findByUid(uid) {
      return this.#found(BY_UID, uid);
    }

    findByUserCode(userCode) {
      return this.#found(BY_USER_CODE, userCode);
    }

    async consume(id) {
      await pool.query({ ...CONSUME, values: [this.model, id] });
    }

    async destroy(id) {
      await pool.query({ ...DESTROY, values: [this.model, id] });
    }

    async revokeByGrantId(grantId) {
      await pool.query({ ...REVOKE, values: [grantId] });
    }

    async #found(query, key) {
      const { rows: [row] } = await pool.query({ ...query, values: [this.model, key] });
      if (!row) return undefined;
      return row.consumed_at ? { ...row.payload, consumed: true } : row.payload;
    }
  };
}
