//! What the two sides of an ID-JAG have to say of themselves (ID-JAG §7).

use serde_json::Value;

use super::ask::shown;
use super::check::{Rule, Verdict};
use super::metadata::{Look, list};
use super::target::{GRANT_PROFILE, Target};

/// Of whoever issues ID-JAGs.
pub(super) const IDP: &[Look] = &[
    Look {
        rule: Rule::should(
            "id-jag-7.1-token-types",
            "ID-JAG §7.1",
            "it says that it issues ID-JAGs",
            "urn:ietf:params:oauth:token-type:id-jag in identity_chaining_requested_token_types_supported",
            "publish it: agents find by it that there is a way without asking the person",
        ),
        judge: |it| {
            it.announces(
                "identity_chaining_requested_token_types_supported",
                "urn:ietf:params:oauth:token-type:id-jag",
            )
        },
    },
    Look {
        rule: Rule::should(
            "rfc8414-2-token-exchange",
            "RFC 8414 §2",
            "it says that it exchanges tokens",
            "urn:ietf:params:oauth:grant-type:token-exchange in grant_types_supported",
            "publish all grant types that are there",
        ),
        judge: |it| {
            it.announces("grant_types_supported", "urn:ietf:params:oauth:grant-type:token-exchange")
        },
    },
    Look {
        rule: Rule::must(
            "rfc8414-2-keys-for-id-jags",
            "RFC 8414 §2, RFC 7517 §5",
            "its keys can be had",
            "a key set at jwks_uri with a key that can be used",
            "publish the public keys: without them nobody can verify an ID-JAG",
        ),
        judge: keys,
    },
    Look {
        rule: Rule::should(
            "rfc8725-3.2-id-token-algorithms",
            "RFC 8725 §3.2",
            "no ID token is unsigned, or signed by a shared secret",
            "no none and no HS* in id_token_signing_alg_values_supported",
            "sign ID tokens with private keys: they are shown to others as subject tokens",
        ),
        judge: id_token_algorithms,
    },
];

/// Of whoever takes them.
pub(super) const RAS: &[Look] = &[
    Look {
        rule: Rule::should(
            "id-jag-7.2-profiles",
            "ID-JAG §7.2",
            "it says that it takes ID-JAGs",
            "urn:ietf:params:oauth:grant-profile:id-jag in authorization_grant_profiles_supported",
            "publish it: agents find by it that an ID-JAG is worth asking for",
        ),
        judge: |it| it.announces("authorization_grant_profiles_supported", GRANT_PROFILE),
    },
    Look {
        rule: Rule::must(
            "id-jag-7.2-jwt-bearer",
            "ID-JAG §7.2",
            "who takes ID-JAGs has the grant for them",
            "urn:ietf:params:oauth:grant-type:jwt-bearer in grant_types_supported",
            "publish the grant type along with the profile",
        ),
        judge: |it| {
            it.announces("grant_types_supported", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        },
    },
    Look {
        rule: Rule::must(
            "id-jag-9.4-no-disclosure",
            "ID-JAG §7.2, §9.4",
            "it does not say whom it trusts",
            "a list of profile names, without a URL of an issuer",
            "name profiles only: whom you trust is for an endpoint that asks who wants to know",
        ),
        judge: no_disclosure,
    },
    Look {
        rule: Rule::should(
            "rfc8414-2-keys-for-access-tokens",
            "RFC 8414 §2, RFC 7517 §5",
            "its keys can be had",
            "a key set at jwks_uri with a key that can be used, if there is one at all",
            "publish the public keys, so that APIs can verify access tokens by themselves",
        ),
        judge: |it| match it.member("jwks_uri") {
            Some(_) => keys(it),
            None => Verdict::skipped("there is no jwks_uri: access tokens may be opaque"),
        },
    },
];

fn keys(target: &Target) -> Verdict {
    match target.key_set() {
        Ok(keys) if keys.is_empty() => Verdict::Failed("no key that can be used".to_owned()),
        Ok(_) => Verdict::Passed("there are keys".to_owned()),
        Err(why) => Verdict::Failed(why),
    }
}

fn id_token_algorithms(target: &Target) -> Verdict {
    let algorithms = target.list("id_token_signing_alg_values_supported");
    if algorithms.is_empty() {
        return Verdict::skipped("there is no id_token_signing_alg_values_supported");
    }
    let weak = |it: &&str| *it == "none" || it.starts_with("HS");
    Verdict::of(!algorithms.iter().any(weak), list(&algorithms))
}

fn no_disclosure(target: &Target) -> Verdict {
    let member = "authorization_grant_profiles_supported";
    let Some(value) = target.member(member) else {
        return Verdict::skipped("there is no authorization_grant_profiles_supported");
    };
    let names = value.as_array().is_some_and(|it| it.iter().all(Value::is_string));
    let urls = target.list(member).iter().any(|it| it.contains("://"));
    Verdict::of(names && !urls, shown(Some(value)))
}
