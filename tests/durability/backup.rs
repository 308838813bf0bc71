//! A backup that is made under load is one moment of the server, and can be served.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tegata::store;
use tokio::task::JoinSet;

use crate::agent::Agent;
use crate::server::Server;
use crate::{AGENTS, ENOUGH, Received, ask_on};

#[tokio::test]
async fn backed_up_under_load_and_restored() {
    let mut server = Server::start().await;
    let agent = Agent::of(&server);
    let code = agent.code_by_alice().await;
    let tokens = agent.redeem_code(&code).await.unwrap();
    let (id_token, refresh) = (tokens.member("id_token"), tokens.member("refresh_token"));
    let keys = agent.keys().await;
    let id_jag = agent.exchange(&id_token).await.unwrap().member("access_token");
    assert_eq!(agent.redeem(&id_jag).await.unwrap().status, 200);

    let received = Arc::new(Mutex::new(Received::default()));
    let mut agents = JoinSet::new();
    for _ in 0..AGENTS {
        agents.spawn(ask_on(Agent::of(&server), id_token.clone(), Arc::clone(&received)));
    }
    while received.lock().unwrap().tokens.len() < ENOUGH {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // What was answered before it began is in it.
    let before = received.lock().unwrap().tokens.clone();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.jsonl");
    let done = server.tegata(&["backup", file.to_str().unwrap()]).status().unwrap();
    assert!(done.success(), "{}", server.log());
    server.kill();
    agents.join_all().await;
    assert_eq!(received.lock().unwrap().refused, Vec::<String>::new());

    let mut server = server.restored(&file);
    server.serve().await;
    let agent = Agent::of(&server);
    assert_eq!(agent.keys().await, keys);
    let again = agent.redeem(&id_jag).await.unwrap();
    assert_eq!((again.status, again.member("error")), (400, "invalid_grant".to_owned()));
    // What may have been used after the backup is over.
    assert_eq!(agent.refresh(&refresh).await.unwrap().status, 400);
    assert_eq!(agent.exchange(&id_token).await.unwrap().status, 400);

    let code = agent.code_by_alice().await;
    let tokens = agent.redeem_code(&code).await.unwrap();
    assert_eq!(agent.exchange(&tokens.member("id_token")).await.unwrap().status, 200);
    let opened = server.store().await;
    for (jti, _) in before {
        let rows = store::ledger::named(opened.read(), &jti).await.unwrap();
        let own = rows.iter().filter(|row| row.entry.jti.as_ref() == Some(&jti));
        assert_eq!(own.count(), 1, "{jti}");
    }
}
