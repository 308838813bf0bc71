//! A database that cannot be written or reached: an honest 503, and all is well again without a
//! restart (`docs/guide/operations.md`).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use sea_orm::ConnectionTrait;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{Answer, CHAT, Database, HOME, WORLD, World, request};

async fn ask(world: &World) -> Answer {
    world.post_token(CHAT, "todo-at-chat", &[("grant_type", "client_credentials")]).await
}

async fn ready(world: &World) -> (u16, String) {
    let answer = world.get(&format!("{HOME}/readyz")).await;
    (answer.status.as_u16(), answer.text)
}

/// What is said, to agents and to people in both languages.
async fn is_away(world: &World) {
    let answer = ask(world).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.member("error"), "temporarily_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    for (language, words) in [("en", "not ready just now"), ("ja", "ただいまご利用いただけません")]
    {
        let mut page = sign_in(world, language).await;
        // Each opens a session: a full disk may have room for some more.
        for _ in 0..500 {
            if page.status != 200 {
                break;
            }
            page = sign_in(world, language).await;
        }
        assert_eq!(page.status, 503, "{}", page.text);
        assert!(page.text.contains(words), "{}", page.text);
    }
}

async fn sign_in(world: &World, language: &str) -> Answer {
    let page = request("GET", &format!("{HOME}/sign-in")).header("accept-language", language);
    world.send(page.body(Body::empty()).unwrap()).await
}

/// What a disk does that is full, one connection does here; `scripts/faults` has a real one.
#[tokio::test]
async fn a_full_disk() {
    let world = World::on(Database::in_a_file(), WORLD).await;
    let store = world.server(HOME).shared.store.clone();
    assert_eq!(ask(&world).await.status, 200);
    store.write().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let mut asked = 0;
    let full = loop {
        let answer = ask(&world).await;
        asked += 1;
        assert!(asked < 1000, "it does not fill up");
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(
        (full.status.as_u16(), full.member("error").as_str()),
        (503, "temporarily_unavailable")
    );
    assert!(!full.header("retry-after").is_empty());
    // There is room again, and the server finds out by itself.
    store.write().execute_unprepared("PRAGMA max_page_count = 1073741823").await.unwrap();
    assert_eq!(ready(&world).await, (200, "ready\n".to_owned()));
    assert_eq!(ask(&world).await.status, 200);
}

/// A wire to PostgreSQL that can be cut.
async fn wire(to: SocketAddr, tasks: &mut JoinSet<()>) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (whole, is_whole) = watch::channel(true);
    tasks.spawn(async move {
        let mut wires = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let mut until = is_whole.clone();
            wires.spawn(async move {
                let carry = async {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                };
                tokio::select! {
                    () = carry => {}
                    _ = until.wait_for(|whole| !whole) => {}
                }
            });
        }
    });
    (address, whole)
}

#[tokio::test]
async fn a_lost_database() {
    let database = Database::shared().await;
    let Some(postgres) = database.address() else { return };
    let mut tasks = JoinSet::new();
    let (address, whole) = wire(postgres, &mut tasks).await;
    let world = World::on(Arc::new(database.through(address)), WORLD).await;
    assert_eq!(ask(&world).await.status, 200);
    whole.send(false).unwrap();
    is_away(&world).await;
    assert_eq!(ready(&world).await, (503, "the database does not answer\n".to_owned()));

    whole.send(true).unwrap();
    assert_eq!(ready(&world).await.0, 200);
    assert_eq!(ask(&world).await.status, 200);
}
