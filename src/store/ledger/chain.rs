//! What the rows of a chain are hashed from. `docs/decisions/0025-what-the-chain-proves.md` has
//! the encoding for those who want to check it with other tools.

use sha2::{Digest, Sha256};

use crate::model::{LedgerChain, LedgerRecord};

pub(super) type Hash = [u8; 32];

/// What stands before the first row of `chain`: a hash of what the chain says about itself.
pub(super) fn beginning(chain: &LedgerChain) -> Hash {
    let mut hash = Sha256::new_with_prefix(b"tegata ledger chain 1\0");
    hash.update(chain.id.to_be_bytes());
    text(&mut hash, Some(&chain.node));
    hash.update(chain.after.to_be_bytes());
    hash.update((chain.links.len() as u64).to_be_bytes());
    for (chain, place, linked) in &chain.links {
        hash.update(chain.to_be_bytes());
        hash.update(place.to_be_bytes());
        text(&mut hash, Some(linked));
    }
    hash.finalize().into()
}

/// The hash of `record` at its place in a chain, after a row whose hash is `previous`.
pub(super) fn hash(previous: &Hash, chain: i64, place: i64, record: &LedgerRecord) -> Hash {
    let mut hash = Sha256::new_with_prefix(b"tegata ledger row 1\0");
    hash.update(previous);
    hash.update(chain.to_be_bytes());
    hash.update(place.to_be_bytes());
    hash.update(record.at.to_be_bytes());
    for (_, value) in record.texts() {
        text(&mut hash, value);
    }
    hash.finalize().into()
}

/// Each text with its length before it, so that nothing can move from one to the next.
fn text(hash: &mut Sha256, value: Option<&str>) {
    match value {
        None => hash.update([0]),
        Some(value) => {
            hash.update([1]);
            hash.update((value.len() as u64).to_be_bytes());
            hash.update(value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> LedgerRecord {
        LedgerRecord {
            at: 1_767_323_045_000,
            request: "r".into(),
            issuer: "https://home.example".into(),
            event: "id_jag".into(),
            client: Some("ab".into()),
            outcome: "issued".into(),
            ..LedgerRecord::default()
        }
    }

    /// Whoever changes the encoding makes all chains unreadable that there are.
    #[test]
    fn the_encoding_stays() {
        let hash = hash(&[7; 32], 1, 2, &row());
        insta::assert_snapshot!(base16ct::lower::encode_string(&hash), @"eaffef9bd285a0f3b49f191395690ad856892ae409773e92f146b15c447491ba");
    }

    #[test]
    fn every_field_counts() {
        let original = hash(&[7; 32], 1, 2, &row());
        let changes: [fn(&mut LedgerRecord); 14] = [
            |it| it.at += 1,
            |it| it.request.push('x'),
            |it| it.issuer.push('x'),
            |it| it.event.push('x'),
            |it| it.client = None,
            |it| it.user = Some(String::new()),
            |it| it.service = Some("x".into()),
            |it| it.scope = Some("x".into()),
            |it| it.resource = Some("x".into()),
            |it| it.jti = Some("x".into()),
            |it| it.parent = Some("x".into()),
            |it| it.outcome = "refused".into(),
            |it| it.code = Some("x".into()),
            |it| it.reason = Some("x".into()),
        ];
        let mut seen = std::collections::BTreeSet::from([original]);
        for change in changes {
            let mut changed = row();
            change(&mut changed);
            assert!(seen.insert(hash(&[7; 32], 1, 2, &changed)));
        }
        assert!(seen.insert(hash(&[8; 32], 1, 2, &row())));
        assert!(seen.insert(hash(&[7; 32], 2, 2, &row())));
        assert!(seen.insert(hash(&[7; 32], 1, 3, &row())));
    }

    /// "ab" for the client and nothing for the user is not "a" and "b".
    #[test]
    fn nothing_moves_between_fields() {
        let moved = LedgerRecord { client: Some("a".into()), user: Some("b".into()), ..row() };
        assert_ne!(hash(&[7; 32], 1, 2, &row()), hash(&[7; 32], 1, 2, &moved));
    }
}
