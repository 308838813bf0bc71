//! A person's word is for one code, however often and fast the form is sent.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::support::{Browser, Database, HOME, WORLD, World, authorize_url, form, request};

/// The session is read by all of them before any has written it; the database decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_answers_to_one_consent_page() {
    let world = Arc::new(World::on(Database::shared().await, WORLD).await);
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    let body = form(&[("csrf", &browser.hidden("csrf")), ("decision", "allow")]);
    let cookie = format!("__Host-tegata={}", browser.cookie("__Host-tegata").unwrap());

    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let request = request("POST", &browser.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &cookie)
            .body(body.clone().into())
            .unwrap();
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.send(request).await });
    }
    let (right, wrong): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(|answer| answer.status == 303);
    assert_eq!(right.len(), 1);
    assert!(right[0].redirected("code").is_some());
    for answer in wrong {
        assert_eq!(answer.page_error(), "400 expired: ");
    }
    let ledger = world.ledger().await;
    let codes = ledger.iter().filter(|row| row.entry.event.as_str() == "code");
    let (issued, refused): (Vec<_>, Vec<_>) =
        codes.partition(|row| row.entry.outcome == tegata::model::Outcome::Issued);
    assert_eq!(issued.len(), 1);
    // Who comes after the first is done finds no request, and asks for nothing.
    assert!(refused.len() <= 9);
}
