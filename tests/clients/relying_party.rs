//! The crate `openidconnect` as relying party: discovery, code and PKCE, ID token, userinfo, refresh.

use std::collections::HashMap;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse,
};

use crate::person::signs_in_and_allows;
use crate::started::Started;

const CLIENT_ID: &str = "todo-app";
const CLIENT_SECRET: &str = "todo-app-secret-0123456789-0123456789";
// Registered without a port: RFC 8252 §7.3 has the server allow any.
const REDIRECT_URI: &str = "http://127.0.0.1:18766/callback";

#[tokio::test]
async fn openidconnect_of_rust() {
    let tegata = Started::new().await;
    let issuer = IssuerUrl::new(tegata.issuer().to_owned()).expect("an issuer");
    let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.expect("discovery");
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(CLIENT_ID.to_owned()),
        Some(ClientSecret::new(CLIENT_SECRET.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).expect("a redirect URI"));

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(["profile", "email", "offline_access"].map(|s| Scope::new(s.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let back = signs_in_and_allows(&url, tegata.issuer());
    let answer: HashMap<String, String> = back.query_pairs().into_owned().collect();
    assert_eq!(answer.get("state"), Some(state.secret()), "{back}");
    assert_eq!(answer.get("iss").map(String::as_str), Some(tegata.issuer()), "RFC 9207: {back}");

    let code = AuthorizationCode::new(answer["code"].clone());
    let tokens = client
        .exchange_code(code)
        .expect("a token endpoint")
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .expect("tokens");

    let id_token = tokens.id_token().expect("an ID token");
    let keys = client.id_token_verifier();
    let claims = id_token.claims(&keys, &nonce).expect("an ID token that can be believed");
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().expect("an algorithm"),
        id_token.signing_key(&keys).expect("a key"),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.expect("a hash")));

    // The subject that is expected is what guards against token substitution (OIDC Core §5.3.2).
    let user: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .expect("a userinfo endpoint")
        .request_async(&send)
        .await
        .expect("userinfo");
    assert_eq!(user.email().map(|email| email.as_str()), Some("alice@example.com"));

    let refresh_token = tokens.refresh_token().expect("a refresh token");
    let next = client
        .exchange_refresh_token(refresh_token)
        .expect("a token endpoint")
        .request_async(&send)
        .await
        .expect("refreshed tokens");
    assert_ne!(next.access_token().secret(), tokens.access_token().secret());
    let rotated = next.refresh_token().expect("the next refresh token");
    assert_ne!(rotated.secret(), refresh_token.secret());
}

/// Carries what the crate asks. Redirects are not followed: no endpoint here answers with one.
pub(crate) async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let never = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(never).no_proxy().build()?;
    let answer = client.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
