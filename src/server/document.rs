//! A document that anybody may read: made when what it tells changes, not when it is asked for.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// JSON text with its entity tag.
#[derive(Clone, Debug)]
pub struct Document {
    pub text: Arc<[u8]>,
    /// RFC 9110 §8.8.3, with its quotes.
    pub etag: String,
}

impl Document {
    pub fn of(content: &impl Serialize) -> Self {
        let text = serde_json::to_vec(content).expect("documents are plain structs");
        let digest = Sha256::digest(&text);
        let etag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..12]));
        Self { text: text.into(), etag }
    }
}
