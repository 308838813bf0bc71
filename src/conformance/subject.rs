//! Who is meant by the ID-JAGs: a person who signs in, or an ID token that was brought along.

use super::args::Given;
use super::ask::Asker;
use super::target::Target;
use crate::environment::Environment;
use crate::walkthrough::agent::{Agent, Metadata, Person};
use crate::walkthrough::chain;

/// What the identity provider gave for the person.
pub(super) struct Subject {
    pub id_token: String,
    /// What came with it, if it was for us that it came.
    pub access_token: Option<String>,
}

/// Signs in at `target`, unless an ID token was given; or says why neither is possible.
pub(super) async fn obtain(
    asker: &Asker,
    environment: &Environment,
    given: &Given,
    target: &Target,
) -> Result<Subject, String> {
    if let Some(id_token) = given.subject_token.clone() {
        return Ok(Subject { id_token, access_token: None });
    }
    let credentials = given.client.clone().ok_or("--client-id is not given")?;
    let person = given.person.as_ref();
    let (username, password) =
        person.ok_or("neither --subject-token nor --username and --password are given")?.clone();
    let agent = Agent {
        http: asker.http().clone(),
        environment: environment.clone(),
        home: target.issuer.clone(),
        credentials,
        redirect_uri: given.redirect_uri.clone(),
        person: Person { username, password },
    };
    let text = |name: &str| target.text(name).map(str::to_owned);
    let metadata = Metadata {
        authorization_endpoint: text("authorization_endpoint"),
        token_endpoint: text("token_endpoint").ok_or("the metadata have no token_endpoint")?,
        jwks_uri: text("jwks_uri").ok_or("the metadata have no jwks_uri")?,
    };
    let signed_in = chain::signed_in(&agent, metadata).await.map_err(|failure| {
        format!("nobody could sign in ({failure}); an ID token can be given as --subject-token")
    })?;
    let (id_token, access_token) = (signed_in.id_token.text, signed_in.access_token);
    Ok(Subject { id_token, access_token })
}
