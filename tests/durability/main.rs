//! What a client was given stays given, and what was used stays used, however the server ends.
//!
//! Here the binary runs, for only a process can be killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod agent;
mod backup;
mod balancer;
mod nodes;
mod server;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{Agent, jti_of};
use server::Server;
use tegata::store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many agents ask at a time.
const AGENTS: usize = 8;

/// How many tokens each of two kills is waited for.
const ENOUGH: usize = 150;

/// All that the agents were told before the connections broke off.
#[derive(Default)]
struct Received {
    /// The `jti` of each token, with the id of the answer that it came in.
    tokens: Vec<(String, String)>,
    /// ID-JAGs that were redeemed, and those of which nobody knows.
    used: Vec<String>,
    unclear: Vec<String>,
    refused: Vec<String>,
}

/// Asks until the server is gone.
async fn ask_on(agent: Agent, id_token: String, received: Arc<Mutex<Received>>) {
    let keep = |answer: &agent::Answer| {
        let mut received = received.lock().unwrap();
        match answer.status {
            200 => {
                let token = jti_of(&answer.member("access_token"));
                received.tokens.push((token, answer.request_id.clone()));
            }
            _ => received.refused.push(answer.json.to_string()),
        }
    };
    loop {
        let Ok(itself) = agent.itself().await else { return };
        keep(&itself);
        let Ok(exchanged) = agent.exchange(&id_token).await else { return };
        keep(&exchanged);
        let id_jag = exchanged.member("access_token");
        let Ok(redeemed) = agent.redeem(&id_jag).await else {
            received.lock().unwrap().unclear.push(id_jag);
            return;
        };
        keep(&redeemed);
        received.lock().unwrap().used.push(id_jag);
    }
}

/// "`kill -9` under load, restart: every token that a client received is in the ledger, and no
/// used ID-JAG or code works again."
#[tokio::test]
async fn killed_under_load() {
    let mut server = Server::start().await;
    let agent = Agent::of(&server);
    let code = agent.code_by_alice().await;
    let tokens = agent.redeem_code(&code).await.unwrap();
    let (id_token, first) = (tokens.member("id_token"), tokens.member("refresh_token"));
    let second = agent.refresh(&first).await.unwrap().member("refresh_token");
    let keys = agent.keys().await;
    let received = Arc::new(Mutex::new(Received::default()));
    received.lock().unwrap().tokens.push((jti_of(&id_token), tokens.request_id.clone()));

    for round in 1..=2 {
        let mut agents = JoinSet::new();
        for _ in 0..AGENTS {
            agents.spawn(ask_on(Agent::of(&server), id_token.clone(), Arc::clone(&received)));
        }
        while received.lock().unwrap().tokens.len() < round * ENOUGH {
            assert!(agents.try_join_next().is_none(), "an agent gave up before the server did");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill();
        agents.join_all().await;
        server.serve().await;
    }

    let received = std::mem::take(&mut *received.lock().unwrap());
    assert_eq!(received.refused, Vec::<String>::new());
    assert!(received.used.len() > 50, "too little was done to tell anything");
    let opened = server.store().await;
    let rows = store::ledger::tail(opened.read(), None, 1_000_000).await.unwrap();
    let mut recorded = HashMap::new();
    for row in rows {
        if let Some(jti) = row.entry.jti {
            let before = recorded.insert(jti, row.entry.request.to_string());
            assert_eq!(before, None, "one token has two rows");
        }
    }
    let lost = |(jti, request): &&(String, String)| recorded.get(jti) != Some(request);
    let lost: Vec<_> = received.tokens.iter().filter(lost).collect();
    assert!(
        lost.is_empty(),
        "not in the ledger, {} of {}: {lost:?}",
        lost.len(),
        received.tokens.len()
    );
    let once: HashSet<_> = received.tokens.iter().map(|(jti, _)| jti).collect();
    assert_eq!(once.len(), received.tokens.len());

    // What was used is used; of what nobody knows about, once at most.
    for id_jag in &received.used {
        let again = agent.redeem(id_jag).await.unwrap();
        assert_eq!((again.status, again.member("error")), (400, "invalid_grant".to_owned()));
        let said = again.member("error_description");
        assert!(said.starts_with("the assertion was already used [decision "), "{said}");
    }
    for id_jag in &received.unclear {
        let _ = agent.redeem(id_jag).await.unwrap();
        assert_eq!(agent.redeem(id_jag).await.unwrap().status, 400);
    }
    // The keys are the same, and so is the person's session.
    assert_eq!(agent.keys().await, keys);
    let third = agent.refresh(&second).await.unwrap();
    assert_eq!(third.status, 200, "{}", third.json);
    for (refused, why) in
        [(agent.redeem_code(&code).await, "code"), (agent.refresh(&first).await, "token")]
    {
        assert_eq!(refused.unwrap().member("error"), "invalid_grant", "the {why} was used");
    }
    // Both of these were replays, so all that came of the code is over.
    let fourth = agent.refresh(&third.member("refresh_token")).await.unwrap();
    assert_eq!(fourth.status, 400);
}

/// SIGTERM: nobody new gets in, who is inside is answered, and the process ends with 0. Then
/// another starts on the same port at once.
#[tokio::test]
async fn told_to_stop() {
    let mut server = Server::start().await;
    let agent = Agent::of(&server);
    // One connection is idle, and one is in the middle of its request.
    agent.itself().await.unwrap();
    let secret = "nightly-report-secret-0123456789-0123456789";
    let body = agent::form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "nightly-report"),
        ("client_secret", secret),
    ]);
    let head = format!(
        "POST /services/chat/oauth2/token HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        server.address,
        body.len(),
    );
    let (begun, rest) = body.split_at(20);
    let mut inside = TcpStream::connect(server.address).await.unwrap();
    inside.write_all(format!("{head}{begun}").as_bytes()).await.unwrap();
    // So that it has been read, and is not only in the buffers of the kernel.
    agent.itself().await.unwrap();

    server.terminate();
    let closed = async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("it still lets people in");
    inside.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    inside.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let status = server.ended(Duration::from_secs(5)).await.expect("it does not end");
    assert_eq!(status.code(), Some(0));

    server.serve().await;
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let token: serde_json::Value = serde_json::from_str(body).unwrap();
    let jti = jti_of(token["access_token"].as_str().unwrap());
    let opened = server.store().await;
    assert_eq!(store::ledger::named(opened.read(), &jti).await.unwrap().len(), 1);
}

/// SIGTERM under load: every answer is whole, and every token of one is in the ledger.
#[tokio::test]
async fn told_to_stop_under_load() {
    let mut server = Server::start().await;
    let agent = Agent::of(&server);
    let code = agent.code_by_alice().await;
    let id_token = agent.redeem_code(&code).await.unwrap().member("id_token");
    let received = Arc::new(Mutex::new(Received::default()));
    let mut agents = JoinSet::new();
    for _ in 0..AGENTS {
        agents.spawn(ask_on(Agent::of(&server), id_token.clone(), Arc::clone(&received)));
    }
    while received.lock().unwrap().tokens.len() < ENOUGH {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.terminate();
    let status = server.ended(Duration::from_secs(5)).await.expect("it does not end");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    agents.join_all().await;

    let received = std::mem::take(&mut *received.lock().unwrap());
    assert_eq!(received.refused, Vec::<String>::new());
    let opened = server.store().await;
    let rows = store::ledger::tail(opened.read(), None, 1_000_000).await.unwrap();
    let recorded: HashSet<_> = rows.into_iter().filter_map(|row| row.entry.jti).collect();
    assert!(received.tokens.iter().all(|(jti, _)| recorded.contains(jti)));
}

/// Two on one port: the second says so, and leaves the first alone.
#[tokio::test]
async fn a_port_that_is_taken() {
    let server = Server::start().await;
    let second = server.tegata(&["serve"]).status().unwrap();
    assert_eq!(second.code(), Some(1));
    assert!(server.log().contains("is taken by another program"), "{}", server.log());
    assert_eq!(Agent::of(&server).itself().await.unwrap().status, 200);
}
