//! `--break`: one thing done wrong, to see it refused.

use std::fmt;

use clap::ValueEnum;
use serde_json::json;
use time::OffsetDateTime;

use super::decoded::Decoded;
use super::failure::Failure;

/// What is done wrong. Everything else stays right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Break {
    /// Presents an ID-JAG that home issued for another service (`--other-service`).
    Audience,
    /// Another client (`--other-client-id`) presents the ID-JAG.
    Client,
    /// Presents the ID-JAG with its `exp` set back by an hour. Nobody but home can sign an
    /// ID-JAG that has really expired, and waiting for one takes minutes; so it is the
    /// signature that gives this one away.
    Expired,
    /// Presents the same ID-JAG a second time.
    Replay,
    /// Asks the service for a scope that the ID-JAG does not have.
    Scope,
    /// Changes one letter of the ID-JAG's signature.
    Signature,
    /// Presents the ID-JAG as if an issuer had made it that the service has never heard of.
    Issuer,
    /// Presents the ID token, which is truly signed by home, where an ID-JAG is wanted.
    Typ,
}

/// A scope that no service has.
pub const FOREIGN_SCOPE: &str = "tegata.walkthrough.not-granted";

impl Break {
    /// What is done, as a sentence.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Audience => {
                "An ID-JAG for another service is presented (if home issues one: see --other-service)."
            }
            Self::Client => {
                "Another client presents the ID-JAG (with its own secret, if --other-client-id is registered)."
            }
            Self::Expired => {
                "The ID-JAG says that it ended an hour ago. Only home could sign that, so the signature no longer fits."
            }
            Self::Replay => "The same ID-JAG is presented a second time.",
            Self::Scope => "More is asked for than the ID-JAG has.",
            Self::Signature => "One letter of the signature is another.",
            Self::Issuer => "The ID-JAG names an issuer that the service has never heard of.",
            Self::Typ => "The ID token is presented: truly signed by home, but no ID-JAG.",
        }
    }

    /// The codes with which it must be refused.
    pub const fn right_codes(self) -> &'static [&'static str] {
        match self {
            // Where home issues nothing for the other service, it refuses already.
            Self::Audience => &["invalid_grant", "invalid_target", "access_denied"],
            // ID-JAG §4.4.1 (3); where the other client is not known at all, RFC 6749 §5.2.
            Self::Client => &["invalid_grant", "invalid_client"],
            Self::Scope => &["invalid_scope"],
            Self::Expired | Self::Replay | Self::Signature | Self::Issuer | Self::Typ => {
                &["invalid_grant"]
            }
        }
    }

    /// The assertion to present: `id_jag` or what a forger without home's key makes of it.
    pub fn assertion(
        self,
        id_jag: &str,
        id_token: &str,
        now: OffsetDateTime,
    ) -> Result<String, Failure> {
        let forge = |claim: &str, value| {
            Decoded::forge(id_jag, |claims| {
                claims.insert(claim.to_owned(), value);
            })
            .map_err(|why| Failure::NotAJwt("the ID-JAG", why))
        };
        match self {
            Self::Expired => forge("exp", json!(now.unix_timestamp() - 3_600)),
            Self::Issuer => forge("iss", json!("https://idp.stranger.example")),
            Self::Signature => Ok(with_another_letter(id_jag)),
            Self::Typ => Ok(id_token.to_owned()),
            Self::Audience | Self::Client | Self::Replay | Self::Scope => Ok(id_jag.to_owned()),
        }
    }
}

/// The `jwt` with another first letter in its signature: all bits of that one count, unlike those of
/// the last one.
pub fn with_another_letter(jwt: &str) -> String {
    let (message, signature) = jwt.rsplit_once('.').unwrap_or((jwt, ""));
    let mut letters = signature.chars();
    let another = if letters.next() == Some('A') { 'B' } else { 'A' };
    format!("{message}.{another}{}", letters.as_str())
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().map(|it| it.get_name().to_owned());
        f.write_str(&name.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_letter_is_another_signature() {
        assert_eq!(with_another_letter("h.c.Abc"), "h.c.Bbc");
        assert_eq!(with_another_letter("h.c.xyz"), "h.c.Ayz");
    }
}
