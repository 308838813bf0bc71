//! Forms and queries (RFC 6749 appendix B), and what stands in them.

#![no_main]

use tegata::oauth::{AuthorizationDetails, Params, error_description};
use tegata_fuzz::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let params = match Params::parse(data) {
        Ok(params) => params,
        Err(refused) => return said(&refused.to_string()),
    };
    let pairs: Vec<_> = params.pairs().collect();
    assert!(pairs.len() <= 100 && pairs.len() <= data.len());
    for (name, value) in &pairs {
        assert!(!value.is_empty(), "a parameter without a value counts as omitted");
        let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        assert!(!name.contains(hidden) && !value.contains(hidden));
    }
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    let written = written.extend_pairs(&pairs).finish();
    let again = Params::parse(written.as_bytes()).expect("what was read can be written");
    assert!(again.pairs().eq(params.pairs()), "and is the same");

    for name in ["grant_type", "scope", "resource", "client_id"] {
        let given = pairs.iter().filter(|(its, _)| *its == name).count();
        match params.optional(name) {
            Ok(value) => assert_eq!(given, usize::from(value.is_some())),
            Err(refused) => {
                assert!(given > 1 && params.none_repeated(&[]).is_err());
                said(&refused.to_string());
            }
        }
    }
    if let Err(refused) = params.none_repeated(&["resource"]) {
        said(&refused.to_string());
    }
    match params.resources() {
        Ok(all) => assert!((1..all.len()).all(|at| !all[..at].contains(&all[at]))),
        Err(refused) => said(&refused.to_string()),
    }
    match params.scope() {
        Ok(scope) => assert_eq!(scope.is_some(), params.optional("scope").unwrap().is_some()),
        Err(refused) => said(&refused.to_string()),
    }
    match params.authorization_details() {
        Ok(details) => details.iter().for_each(kept),
        Err(refused) => said(&refused.to_string()),
    }
});

/// What is written of authorization details is read as the same.
fn kept(details: &AuthorizationDetails) {
    let count = details.each().count();
    assert!((1..=32).contains(&count));
    assert!(details.cover(details));
    let written = serde_json::to_string(details).unwrap();
    // Escapes may make it longer than what may be sent.
    if written.len() <= 8 * 1024 {
        assert_eq!(AuthorizationDetails::parse(&written).as_ref(), Ok(details));
    }
    let types: Vec<_> = details.each().map(|(typ, _)| typ.to_owned()).collect();
    assert_eq!(details.only(&types).as_ref(), Some(details));
    assert_eq!(details.only(&[]), None);
    let first = details.only(&types[..1]).expect("its type is there");
    assert!(details.cover(&first) && first.each().all(|(typ, _)| typ == types[0]));
}

/// RFC 6749 §5.2: the characters of an `error_description`.
fn said(sentence: &str) {
    let said = error_description(sentence);
    assert!(said.chars().all(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')));
    assert!(said.len() <= 400, "it is short whatever came: {said}");
}
