//! Trusts in workloads and in several tenants: reading, checking and planning them.

use insta::assert_snapshot;

use super::tests::{applied, ground, mistakes};

const SERVICE: &str = r#"
    [[service]]
    id = "chat"
    resources = ["http://127.0.0.1:18770/mcp"]
    scopes = { "chat.read" = "Read your messages" }
"#;

const CLIENTS: &str = r#"
    [[client]]
    at = "chat"
    client_id = "ci"
    token_endpoint_auth_method = "none"
    grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

    [[client]]
    at = "chat"
    client_id = "web"
    token_endpoint_auth_method = "none"
    redirect_uris = ["https://web.example"]
"#;

const TRUSTS: &str = r#"
    [[service.trust]]
    issuer = "https://idp.example"
    tenant = "acme"

    [[service.trust]]
    issuer = "https://idp.example"

    [[service.trust]]
    issuer = "https://runner.example"
    kind = "workload"
    client = "ci"
    subject = "repo:org/x:main"

    [[service.trust]]
    issuer = "https://runner.example"
    kind = "workload"
    client = "ci"
    subject = "repo:org/y:main"
    claims = { protected = true }
"#;

#[tokio::test]
async fn several_trusts_in_one_issuer() {
    let ground = ground().await;
    let all = format!("{SERVICE}{TRUSTS}{CLIENTS}");
    assert_snapshot!(applied(&ground, &all).await, @r#"
    + service chat: issuer "http://127.0.0.1:8080/services/chat"
    + trust of chat in https://idp.example: accounts "linked"
    + trust of chat in https://idp.example, tenant "acme": accounts "linked"
    + trust of chat in https://runner.example for ci by protected true, sub "repo:org/y:main"
    + trust of chat in https://runner.example for ci by sub "repo:org/x:main"
    + client ci at chat: scope "chat.read"
    + client web at chat: scope "chat.read"
    "#);
    assert_eq!(applied(&ground, &all).await, "");
    let changed = all
        .replace("tenant = \"acme\"", "tenant = \"umbrella\"")
        .replace(
            "\"repo:org/x:main\"",
            "\"repo:org/x:main\"\nresources = [\"http://127.0.0.1:18770/mcp\"]",
        )
        .replace(
            "protected = true }",
            "protected = true }\nreuse = \"until_expiry\"\nactive = false",
        );
    assert_snapshot!(applied(&ground, &changed).await, @r#"
    - trust of chat in https://idp.example, tenant "acme"
    + trust of chat in https://idp.example, tenant "umbrella": accounts "linked"
    ~ trust of chat in https://runner.example for ci by protected true, sub "repo:org/y:main": reuse "once" → "until_expiry"; switched off
    ~ trust of chat in https://runner.example for ci by sub "repo:org/x:main": resources "" → "http://127.0.0.1:18770/mcp"
    "#);
    assert_eq!(applied(&ground, &changed).await, "");
}

#[tokio::test]
async fn trusts_that_cannot_stand() {
    let trusts = r#"
        [[service.trust]]
        issuer = "https://a.example"
        kind = "person"

        [[service.trust]]
        issuer = "https://b.example"
        client = "ci"
        subject = "x"

        [[service.trust]]
        issuer = "https://c.example"
        kind = "workload"
        client = "ci"
        accounts = "linked"
        tenant = "acme"
        act = true

        [[service.trust]]
        issuer = "https://d.example"
        kind = "workload"
        subject = "x"
        claims = { sub = "y", aud = "z", roles = ["admin"] }

        [[service.trust]]
        issuer = "http://127.0.0.1:8080"
        kind = "workload"
        client = "ci"
        subject = "x"

        [[service.trust]]
        issuer = "https://f.example"
        kind = "workload"
        client = "nobody"
        subject = "x"

        [[service.trust]]
        issuer = "https://f.example"
        kind = "workload"
        client = "web"
        jwks_uri = "https://f.example/jwks"
        claims = { repository = "org/x" }
        resources = ["https://elsewhere.example"]

        [[service.trust]]
        issuer = "https://g.example"
        tenant = "acme"

        [[service.trust]]
        issuer = "https://g.example"
        tenant = "acme"
        scopes = ["chat.read"]
    "#;
    assert_snapshot!(mistakes(&format!("{SERVICE}{trusts}{CLIENTS}")).await, @r#"
    directory.toml has 18 mistakes
      service[0] "chat" trust[0] "https://a.example" kind: it is something else; write "id_jag" or "workload", or leave it out for ID-JAGs
      service[0] "chat" trust[1] "https://b.example" client: it is about workloads, and this trust takes ID-JAGs; take it out, or write kind = "workload"
      service[0] "chat" trust[1] "https://b.example" subject: it is about workloads, and this trust takes ID-JAGs; take it out, or write kind = "workload"
      service[0] "chat" trust[2] "https://c.example" accounts: a workload is no person: it is a client, and acts for itself; take it out, or leave kind out for ID-JAGs
      service[0] "chat" trust[2] "https://c.example" tenant: a workload is no person: it is a client, and acts for itself; take it out, or leave kind out for ID-JAGs
      service[0] "chat" trust[2] "https://c.example" act: a workload is no person: it is a client, and acts for itself; take it out, or leave kind out for ID-JAGs
      service[0] "chat" trust[2] "https://c.example": every workload of the issuer would be the client; write subject = "…" or claims = { … }, exactly as in its assertions
      service[0] "chat" trust[3] "https://d.example" claims.aud: it is checked in each assertion anyway; take it out
      service[0] "chat" trust[3] "https://d.example" claims.roles: no claim can be compared with it; write the text, number or truth value that the claim has
      service[0] "chat" trust[3] "https://d.example" claims.sub: it is the subject; write it as subject = "…"
      service[0] "chat" trust[3] "https://d.example" client: it is missing; name the client of the service that the workload is
      service[0] "chat" trust[4] "http://127.0.0.1:8080": the issuer is one of this server, whose clients authenticate; give the client a secret or keys, and take this out
      service[0] "chat" trust[6] "https://f.example" resources: service chat does not govern https://elsewhere.example; take it out, or add it to the resources of the service
      service[0] "chat" trust[6] "https://f.example": the issuer is trusted with other keys already; write the same jwks or jwks_uri in all its trusts
      service[0] "chat" trust[6] "https://f.example": one assertion could be meant by this and by another trust in its issuer; give both a subject, or one claim with two values
      service[0] "chat" trust[8] "https://g.example": the issuer is trusted already; take one out, or give each its tenant
      service[0] "chat" trust[5] "https://f.example" client: there is no client "nobody" at chat; add [[client]] with at = "chat"
      service[0] "chat" trust[6] "https://f.example" client: the client may not redeem assertions; add "urn:ietf:params:oauth:grant-type:jwt-bearer" to its grant_types
    "#);
}
