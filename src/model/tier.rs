//! How much is known of a client that nobody declared
//! (`docs/decisions/0048-trust-tiers.md`).

/// From least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// This person has not allowed it before, as it is now.
    New,
    /// They have.
    Seen,
    /// It proves that it belongs to a domain that the administrator knows.
    Verified,
    /// The administrator looked at this very client.
    Listed,
}

/// Something else is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such tier")]
pub struct NoSuchTier;

impl Tier {
    pub fn parse(text: &str) -> Result<Self, NoSuchTier> {
        let all = [Self::New, Self::Seen, Self::Verified, Self::Listed];
        all.into_iter().find(|it| it.as_str() == text).ok_or(NoSuchTier)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Verified => "verified",
            Self::Listed => "listed",
        }
    }
}
