//! The files that the pages ask for: one stylesheet and one icon.
//!
//! Their names carry a hash of their content, so that browsers may keep them for ever.

use sha2::{Digest, Sha256};
use std::sync::LazyLock;

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("css", "text/css; charset=utf-8", include_bytes!("../../../templates/tegata.css"))
});
static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("svg", "image/svg+xml", include_bytes!("../../../templates/icon.svg"))
});

/// A file below `/assets/`.
pub(crate) struct Asset {
    /// `tegata-<hash>.css`
    pub name: String,
    /// `/assets/tegata-<hash>.css`
    pub href: String,
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

impl Asset {
    fn new(extension: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        // 64 bits tell one release from the next; they prove nothing.
        let mut hash = [0; 8];
        hash.copy_from_slice(&Sha256::digest(bytes)[..8]);
        let hash = u64::from_be_bytes(hash);
        let name = format!("tegata-{hash:016x}.{extension}");
        Self { href: format!("/assets/{name}"), name, media_type, bytes }
    }
}

/// The stylesheet of every page.
pub(crate) fn stylesheet() -> &'static Asset {
    &STYLESHEET
}

/// The seal, for the tab.
pub(crate) fn icon() -> &'static Asset {
    &ICON
}

/// The asset of this name, for `/assets/{name}`.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    [stylesheet(), icon()].into_iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_by_their_names() {
        assert_eq!(asset(&stylesheet().name).unwrap().media_type, "text/css; charset=utf-8");
        assert_eq!(asset(&icon().name).unwrap().media_type, "image/svg+xml");
        assert!(asset("tegata.css").is_none());
    }
}
