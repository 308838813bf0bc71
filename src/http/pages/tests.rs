//! What holds for every page, whoever is named on it.

use super::*;
use crate::flows::explanation::{Told, advice};
use crate::flows::linking::Ended;
use crate::model::{Change, Feature, Tier};
use askama::Template;

/// Names that strangers choose.
const HOSTILE: &str = "<script>alert(1)</script>\" onload=\"x";

fn page(language: Language) -> Page {
    let href = |to: Language| format!("/?q={HOSTILE}&ui_locales={}", to.tag());
    Page::new(Texts::in_language(language), href)
}

fn consent(language: Language) -> Consent {
    let scope = |name: &str| ScopeLine { name: name.to_owned(), description: String::new() };
    let service = |approval| ServiceLine {
        name: HOSTILE.to_owned(),
        scopes: vec![HOSTILE.to_owned()],
        approval,
    };
    Consent {
        page: page(language),
        action: HOSTILE.to_owned(),
        csrf: HOSTILE.to_owned(),
        client_name: HOSTILE.to_owned(),
        client_host: HOSTILE.to_owned(),
        stranger: Some(Stranger {
            host: HOSTILE.to_owned(),
            tier: Tier::New,
            is_anybody: true,
            changes: Some(vec![Change {
                of: Feature::Name,
                before: vec![HOSTILE.to_owned()],
                after: vec![HOSTILE.to_owned()],
            }]),
        }),
        user_name: HOSTILE.to_owned(),
        issuer_name: HOSTILE.to_owned(),
        scopes: vec![scope(HOSTILE), scope("offline_access")],
        services: vec![service(Approval::Admin), service(Approval::User)],
        is_agent: true,
        offline: true,
        until: Some(HOSTILE.to_owned()),
    }
}

fn sign_in(language: Language, failure: Option<SignInFailure>) -> SignIn {
    SignIn {
        page: page(language),
        action: HOSTILE.to_owned(),
        csrf: HOSTILE.to_owned(),
        username: HOSTILE.to_owned(),
        client_name: Some(HOSTILE.to_owned()),
        failure,
    }
}

fn every_page(language: Language) -> Vec<String> {
    let hostile = || HOSTILE.to_owned();
    let sign_out = SignOut {
        page: page(language),
        action: hostile(),
        csrf: hostile(),
        user_name: hostile(),
        client_name: Some(hostile()),
    };
    let error = ErrorPage {
        page: page(language),
        code: hostile(),
        reason: hostile(),
        request_id: hostile(),
    };
    let told = |advice| Told {
        at: hostile(),
        issuer: hostile(),
        event: "code",
        client: Some(hostile()),
        username: Some(hostile()),
        service: Some(hostile()),
        scope: Some(hostile()),
        resource: Some(hostile()),
        outcome: "refused",
        code: Some(hostile()),
        reason: Some(hostile()),
        advice,
    };
    let decision =
        |name, rows| Decision { page: page(language), name, rows, sign_in_href: hostile() };
    let helped = told(Some(advice("invalid_scope", HOSTILE)));
    let home = |user| Home {
        page: page(language),
        user,
        links_href: Some(hostile()),
        sign_in_href: hostile(),
        sign_out_href: hostile(),
    };
    let link = Link {
        page: page(language),
        action: hostile(),
        csrf: hostile(),
        issuer: hostile(),
        tenant: Some(hostile()),
        issuer_host: hostile(),
        client_name: hostile(),
        user_name: hostile(),
        username: hostile(),
        service_name: hostile(),
    };
    let ended = |outcome| LinkEnded {
        page: page(language),
        outcome,
        email: hostile(),
        links_href: hostile(),
    };
    let line = |active: bool| LinkLine {
        name: hostile(),
        account: hostile(),
        issuer: hostile(),
        service: hostile(),
        client: active.then(hostile),
        day: Some(hostile()),
        active,
    };
    let links = |lines| Links { page: page(language), action: hostile(), csrf: hostile(), lines };
    vec![
        link.render().unwrap(),
        ended(Ended::Linked).render().unwrap(),
        ended(Ended::Refused).render().unwrap(),
        ended(Ended::OtherAddress).render().unwrap(),
        links(vec![]).render().unwrap(),
        links(vec![line(true), line(false)]).render().unwrap(),
        sign_in(language, None).render().unwrap(),
        sign_in(language, Some(SignInFailure::Wrong)).render().unwrap(),
        sign_in(language, Some(SignInFailure::SlowDown { seconds: 1 })).render().unwrap(),
        sign_in(language, Some(SignInFailure::Busy { seconds: 1 })).render().unwrap(),
        consent(language).render().unwrap(),
        Consent { is_agent: false, until: None, ..consent(language) }.render().unwrap(),
        sign_out.render().unwrap(),
        SignedOut { page: page(language), back: Some(hostile()) }.render().unwrap(),
        error.render().unwrap(),
        decision(None, vec![]).render().unwrap(),
        decision(Some(hostile()), vec![]).render().unwrap(),
        decision(Some(hostile()), vec![told(None), helped]).render().unwrap(),
        home(None).render().unwrap(),
        home(Some(HomeUser { name: hostile(), username: hostile() })).render().unwrap(),
    ]
}

/// The policy of the pages allows neither scripts nor styles in the markup.
#[test]
fn no_page_needs_script_or_inline_style() {
    for html in Language::ALL.into_iter().flat_map(every_page) {
        for forbidden in ["<script", "<style", " style=", "\" onload=\""] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
    }
}

#[test]
fn every_page_has_one_heading_its_language_and_its_stylesheet() {
    for language in Language::ALL {
        for html in every_page(language) {
            assert_eq!(html.matches("<h1>").count(), 1, "{html}");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{html}");
            assert!(html.contains(&format!("href=\"{}\"", stylesheet().href)), "{html}");
        }
    }
}

#[test]
fn every_page_links_to_itself_in_every_language() {
    for html in Language::ALL.into_iter().flat_map(every_page) {
        assert!(html.contains("ui_locales=en\" lang=\"en\""), "{html}");
        assert!(html.contains("ui_locales=ja\" lang=\"ja\""), "{html}");
    }
}

/// A script without JavaScript, or a test, can fill in the forms.
#[test]
fn the_forms_keep_their_names() {
    let html = sign_in(Language::English, None).render().unwrap();
    for field in
        ["<form method=\"post\"", "name=\"csrf\"", "name=\"username\"", "name=\"password\""]
    {
        assert!(html.contains(field), "no {field}");
    }
    let html = consent(Language::English).render().unwrap();
    for button in ["name=\"decision\" value=\"allow\"", "name=\"decision\" value=\"refuse\""] {
        assert!(html.contains(button), "no {button}");
    }
}

#[test]
fn a_failed_sign_in_says_so_first() {
    let html = sign_in(Language::English, Some(SignInFailure::Wrong)).render().unwrap();
    assert!(html.find("role=\"alert\"") < html.find("<form"), "the summary stands above the form");
    assert!(html.contains("aria-invalid=\"true\""));
    assert!(sign_in(Language::English, None).render().unwrap().find("role=\"alert\"").is_none());
}

/// The person reads about absence once, beside the last day.
#[test]
fn offline_access_is_told_once() {
    let html = consent(Language::English).render().unwrap();
    assert!(!html.contains("value=\"offline_access\""), "{html}");
    assert_eq!(html.matches("while you are away").count(), 1, "{html}");
}
