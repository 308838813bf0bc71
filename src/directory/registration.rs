//! Registration members that tegata does not act on (RFC 7591 §2, OIDC Registration §2).
//!
//! One that changes nothing about what we answer may stand in the file. One that asks for
//! something which would not happen is refused, so that nobody relies on it.

use toml::{Table, Value};

use super::mistake::Notes;

/// What may stand there.
enum May {
    Text,
    Texts,
    Flag,
    /// One of these, or a list of some of them.
    Only(&'static [&'static str]),
    /// That which is so without it.
    BeFalse(&'static str),
    /// Nothing: what it asks for does not happen.
    Not(&'static str),
}

use May::{BeFalse, Flag, Not, Only, Text, Texts};

const MEMBERS: &[(&str, May)] = &[
    ("client_uri", Text),
    ("logo_uri", Text),
    ("tos_uri", Text),
    ("policy_uri", Text),
    ("software_id", Text),
    ("software_version", Text),
    ("initiate_login_uri", Text),
    ("contacts", Texts),
    ("application_type", Only(&["web", "native"])),
    ("response_types", Only(&["code"])),
    (
        "authorization_grant_profiles_supported",
        Only(&["urn:ietf:params:oauth:grant-profile:id-jag"]),
    ),
    // Every ID token has auth_time.
    ("require_auth_time", Flag),
    ("require_pushed_authorization_requests", BeFalse("there are no pushed requests yet")),
    ("require_signed_request_object", BeFalse("there are no request objects yet")),
    ("default_max_age", Not("nobody is asked to sign in again for its sake yet")),
    ("default_acr_values", Not("they are not asked for yet")),
    ("token_endpoint_auth_signing_alg", Not("the algorithm is not pinned yet")),
    ("userinfo_signed_response_alg", Not("userinfo is not signed yet")),
    ("userinfo_encrypted_response_alg", Not("nothing is encrypted yet")),
    ("userinfo_encrypted_response_enc", Not("nothing is encrypted yet")),
    ("id_token_encrypted_response_alg", Not("nothing is encrypted yet")),
    ("id_token_encrypted_response_enc", Not("nothing is encrypted yet")),
    ("request_object_signing_alg", Not("there are no request objects yet")),
    ("request_object_encryption_alg", Not("there are no request objects yet")),
    ("request_object_encryption_enc", Not("there are no request objects yet")),
    ("request_uris", Not("there are no request objects yet")),
    ("backchannel_logout_uri", Not("nobody is told of a sign-out yet")),
    ("backchannel_logout_session_required", Not("nobody is told of a sign-out yet")),
    ("frontchannel_logout_uri", Not("nobody is told of a sign-out yet")),
    ("frontchannel_logout_session_required", Not("nobody is told of a sign-out yet")),
    ("software_statement", Not("nobody checks it")),
];

/// RFC 7591 §2.2: these may come in several languages, like `client_name#ja`.
const FOR_PEOPLE: [&str; 5] = ["client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// Takes out of `table` what is not acted on, and notes what must not be there.
pub(super) fn take_others(path: &str, table: &mut Table, notes: &mut Notes) {
    table.retain(|member, value| {
        let may = match member.split_once('#') {
            Some((name, _)) if FOR_PEOPLE.contains(&name) => Some(&Text),
            _ => MEMBERS.iter().find(|(name, _)| *name == member).map(|(_, may)| may),
        };
        let Some(may) = may else { return true };
        if let Err((wrong, fix)) = may.hold(value) {
            notes.note(format!("{path} {member}"), wrong, fix);
        }
        false
    });
}

impl May {
    fn hold(&self, value: &Value) -> Result<(), (String, String)> {
        let (fits, form) = match self {
            Text => (value.is_str(), "a text".to_owned()),
            Texts => (texts(value).is_some(), "a list of texts".to_owned()),
            Flag => (value.is_bool(), "true or false".to_owned()),
            Only(known) => {
                let given = texts(value).or_else(|| Some(vec![value.as_str()?]));
                let fits = given.is_some_and(|it| it.iter().all(|it| known.contains(it)));
                (fits, known.join(" or "))
            }
            BeFalse(why) => match value.as_bool() {
                Some(true) => return Err(((*why).to_owned(), "take it out".to_owned())),
                known => (known.is_some(), "false".to_owned()),
            },
            Not(why) => return Err(((*why).to_owned(), "take it out".to_owned())),
        };
        match fits {
            true => Ok(()),
            false => Err(("it is something else".to_owned(), format!("it can only be {form}"))),
        }
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}
