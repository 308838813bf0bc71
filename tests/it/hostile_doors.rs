//! The seven doors that take a JWT, and what it takes to show them any.

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};

use crate::hostile_input::sent;
use crate::support::{
    ACCESS_TOKEN, Browser, CHAT, Forge, HOME, ID_JAG, ID_TOKEN, JWT_BEARER, MCP, NOW,
    TOKEN_EXCHANGE, VERIFIER, WORLD, World, authorize_url, claims_of, form, request, with,
};

/// Where a JWT is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Door {
    /// RFC 7523 §2.1, at chat.
    Assertion,
    /// The same, of a program that has no credentials.
    Workload,
    /// RFC 8693 §2.1, at home.
    SubjectToken,
    /// RFC 7523 §2.2, at home.
    ClientAssertion,
    /// RFC 6750 §2.1, at the userinfo endpoint.
    Bearer,
    /// OIDC Core §3.1.2.1.
    Hint,
    /// RP-Initiated Logout §2.
    LogoutHint,
    /// RFC 8693 §2.1, at chat.
    Exchange,
}

pub(crate) use Door::{
    Assertion, Bearer, ClientAssertion, Exchange, Hint, LogoutHint, SubjectToken, Workload,
};

pub(crate) const DOORS: [Door; 8] =
    [Assertion, Workload, SubjectToken, ClientAssertion, Bearer, Hint, LogoutHint, Exchange];

/// A world with a client that signs its assertions, somebody who is signed in, and the means
/// to sign anything.
pub(crate) struct Scene {
    pub(crate) world: World,
    /// The keys of home, of chat and of the client.
    home: Forge,
    chat: Forge,
    client: Forge,
    id_jag: Value,
    id_token: Value,
    access_token: Value,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let client = Forge::with(&SigningKey::generate(Algorithm::ES256, "client-1"));
        let jwks = json!({ "keys": [client.public_jwk()] });
        let trust = format!(
            "accounts = \"just_in_time\"\n\n[[service.trust]]\nkind = \"workload\"\n\
             issuer = \"https://runner.example\"\nclient = \"todo-at-chat\"\njwks = '{jwks}'\n\
             claims = {{ repository = \"org/x\" }}"
        );
        let world = World::of(&format!(
            "{}\n[[client]]\nclient_id = \"signing-agent\"\nname = \"Signs\"\njwks = '{jwks}'\n\
             token_endpoint_auth_method = \"private_key_jwt\"\nscope = \"reports\"\n\
             grant_types = [\"client_credentials\"]\n\
             [[client]]\nat = \"chat\"\nclient_id = \"gateway\"\nclient_secret = \"{}\"\n\
             grant_types = [\"{TOKEN_EXCHANGE}\"]\n",
            WORLD.replace("accounts = \"just_in_time\"", &trust),
            crate::support::secret_of("gateway")
        ))
        .await;
        let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let code = browser.sent("code").unwrap();
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", "http://127.0.0.1:18765/callback"),
            ("code_verifier", VERIFIER),
        ];
        let tokens = world.post_token(HOME, "wiki-agent", &grant).await;
        let home = Forge::with(world.server(HOME).keys.signer(Algorithm::ES256).unwrap());
        let chat = Forge::with(world.server(CHAT).keys.signer(Algorithm::ES256).unwrap());
        let id_jag = world.id_jag_claims(&world.sub_of("alice").await);
        let id_token = claims_of(&tokens.member("id_token"));
        Self { home, chat, client, id_jag, id_token, access_token: tokens.claims(), world }
    }

    pub(crate) fn typ(door: Door) -> &'static str {
        match door {
            Assertion => "oauth-id-jag+jwt",
            ClientAssertion => "client-authentication+jwt",
            Bearer | Exchange => "at+jwt",
            Workload | SubjectToken | Hint | LogoutHint => "JWT",
        }
    }

    pub(crate) fn forge(&self, door: Door) -> &Forge {
        match door {
            Workload | ClientAssertion => &self.client,
            Exchange => &self.chat,
            _ => &self.home,
        }
    }

    pub(crate) fn header(&self, door: Door) -> Value {
        self.forge(door).header(Self::typ(door))
    }

    /// The claims that are right at `door`.
    pub(crate) fn claims(&self, door: Door) -> Value {
        let client = "signing-agent";
        let (now, exp) = (NOW.unix_timestamp(), NOW.unix_timestamp() + 60);
        match door {
            Assertion => self.id_jag.clone(),
            Workload => json!({
                "iss": "https://runner.example", "sub": "repo:org/x:main", "aud": CHAT,
                "repository": "org/x", "jti": "w-1", "exp": exp, "iat": now,
            }),
            SubjectToken | Hint | LogoutHint => self.id_token.clone(),
            Bearer => self.access_token.clone(),
            Exchange => json!({
                "iss": CHAT, "exp": exp, "aud": MCP, "sub": self.id_jag["sub"],
                "client_id": "gateway", "iat": now, "jti": "t-1", "scope": "chat.read",
            }),
            ClientAssertion => json!({
                "iss": client, "sub": client, "aud": HOME, "jti": "p-1", "exp": exp, "iat": now,
            }),
        }
    }

    /// What comes of showing `jwt` at `door`: the status and, if it is refused, the code.
    pub(crate) async fn show(&self, door: Door, jwt: &str) -> String {
        let world = &self.world;
        let token = |at: &str, client: &str, params: &[(&str, &str)]| {
            let basic = format!("{client}:{}", crate::support::secret_of(client));
            let mut request = request("POST", &format!("{at}/oauth2/token"))
                .header("content-type", crate::hostile_input::FORM);
            if !client.is_empty() {
                let basic = format!("Basic {}", BASE64_STANDARD.encode(basic));
                request = request.header("authorization", basic);
            }
            request.body(Body::from(form(params))).unwrap()
        };
        let page = |path: &str| request("GET", path).body(Body::empty()).unwrap();
        let asked = match door {
            Assertion => {
                token(CHAT, "wiki-at-chat", &[("grant_type", JWT_BEARER), ("assertion", jwt)])
            }
            Workload => token(CHAT, "", &[("grant_type", JWT_BEARER), ("assertion", jwt)]),
            SubjectToken => token(
                HOME,
                "wiki-agent",
                &[
                    ("grant_type", TOKEN_EXCHANGE),
                    ("requested_token_type", ID_JAG),
                    ("audience", CHAT),
                    ("subject_token", jwt),
                    ("subject_token_type", ID_TOKEN),
                ],
            ),
            ClientAssertion => token(
                HOME,
                "",
                &[
                    ("grant_type", "client_credentials"),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                    ("client_assertion", jwt),
                ],
            ),
            Exchange => token(
                CHAT,
                "gateway",
                &[
                    ("grant_type", TOKEN_EXCHANGE),
                    ("subject_token", jwt),
                    ("subject_token_type", ACCESS_TOKEN),
                ],
            ),
            Bearer => {
                let bearer = format!("Bearer {jwt}").into_bytes();
                let request = request("GET", &format!("{HOME}/oauth2/userinfo"));
                request.header("authorization", bearer).body(Body::empty()).unwrap()
            }
            Hint => page(&authorize_url(HOME, "wiki-agent", &[("id_token_hint", jwt)])),
            LogoutHint => {
                page(&format!("{HOME}/oauth2/logout?{}", form(&[("id_token_hint", jwt)])))
            }
        };
        let answer = sent(world, asked).await;
        let status = answer.status.as_u16();
        match door {
            Hint if answer.location().starts_with('/') => status.to_string(),
            Hint => answer.redirected("error").unwrap(),
            LogoutHint => status.to_string(),
            _ if status == 200 => "200".to_owned(),
            // Who has no true assertion is a stranger, and all others hear what is wrong with it.
            Workload => {
                let refusals = ["401 invalid_client", "400 invalid_grant"];
                let came = format!("{status} {}", answer.member("error"));
                if refusals.contains(&came.as_str()) { "refused".to_owned() } else { came }
            }
            Bearer => {
                let challenge = answer.header("www-authenticate");
                assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
                format!("{status} {}", answer.member("error"))
            }
            _ => {
                assert_eq!(answer.header("cache-control"), "no-store");
                format!("{status} {}", answer.member("error"))
            }
        }
    }

    pub(crate) fn refusal(door: Door) -> &'static str {
        match door {
            Assertion | SubjectToken => "400 invalid_grant",
            Workload => "refused",
            ClientAssertion => "401 invalid_client",
            Exchange => "400 invalid_request",
            Bearer => "401 invalid_token",
            Hint => "invalid_request",
            LogoutHint => "400",
        }
    }

    pub(crate) fn welcome(door: Door) -> &'static str {
        if door == Hint { "303" } else { "200" }
    }

    /// Shows a right JWT at `door`, and then every one of `broken`: each is refused by the
    /// code of the spec.
    pub(crate) async fn refuses(
        &self,
        door: Door,
        broken: impl IntoIterator<Item = (String, String)>,
    ) {
        let right = self.forge(door).sign(&self.header(door), &self.claims(door));
        assert_eq!(self.show(door, &right).await, Self::welcome(door), "{door:?}, unbroken");
        let mut others = vec![];
        for (name, jwt) in broken {
            let came = self.show(door, &jwt).await;
            if came != Self::refusal(door) {
                others.push(format!("{name}: {came}"));
            }
        }
        assert_eq!(others, Vec::<String>::new(), "{door:?}");
        assert_eq!(self.world.partner.fetches(), 0, "a key was fetched for a stranger");
    }

    /// The right header with each of `changes`, rightly signed.
    pub(crate) fn headers(&self, door: Door, changes: &[Value]) -> Vec<(String, String)> {
        let (forge, header, claims) = (self.forge(door), self.header(door), self.claims(door));
        let claims = with(&claims, &json!({ "jti": "broken-1" }));
        let signed = |change| (format!("{change}"), forge.sign(&with(&header, change), &claims));
        changes.iter().map(signed).collect()
    }

    /// The right claims with each of `changes`, rightly signed.
    pub(crate) fn changed(&self, door: Door, changes: &[Value]) -> Vec<(String, String)> {
        let (forge, header, claims) = (self.forge(door), self.header(door), self.claims(door));
        let claims = with(&claims, &json!({ "jti": "broken-2" }));
        let shown = |change: &Value| change.to_string().chars().take(60).collect();
        let signed = |change| (shown(change), forge.sign(&header, &with(&claims, change)));
        changes.iter().map(signed).collect()
    }
}
