//! What others publish, as it comes by HTTP: metadata, key sets, client documents, and for how
//! long they may be kept. All of it is asked of a server of this process, and of no other.

#![no_main]

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use arbitrary::Arbitrary;
use serde_json::{Map, Value, json};
use tegata::environment::{Clock, Environment};
use tegata::jose::KeySet;
use tegata::model::TrustedKeys;
use tegata::oauth::Issuer;
use tegata::outbound::{
    ClientDocument, FetchKeys, Http, Limits, NamedBy, Reach, RemoteKeys, Unreachable, Wanted,
};
use tegata_fuzz::{Key, NOW, fuzz_target};
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

#[derive(Arbitrary, Debug)]
struct Published {
    openid: Answer,
    oauth: Answer,
    jwks: Answer,
    document: Answer,
}

#[derive(Arbitrary, Debug)]
struct Answer {
    status: u8,
    content_type: Word,
    cache: Vec<Word>,
    /// Members of the body that differ from a right one.
    changes: String,
    /// How much longer it is than it need be.
    longer: u16,
}

#[derive(Arbitrary, Debug)]
enum Word {
    Usual,
    Known(u8),
    Age(u64),
    Text(String),
}

/// Larger answers are not read.
const LARGEST: usize = 8 * 1024;

struct World {
    runtime: Runtime,
    at: String,
    http: Http,
    answers: Arc<Mutex<HashMap<&'static str, Vec<u8>>>>,
    asked: Arc<AtomicUsize>,
    hands: Hands,
}

/// Seconds after [`NOW`].
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::SeqCst))
    }
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let (answers, asked) = (Arc::<Mutex<HashMap<_, _>>>::default(), Arc::<AtomicUsize>::default());
    let (its, count) = (Arc::clone(&answers), Arc::clone(&asked));
    runtime.spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            tokio::spawn(serve(stream, Arc::clone(&its), Arc::clone(&count)));
        }
    });
    let timeout = std::time::Duration::from_secs(5);
    let http = Http::new(Limits { reach: Reach::Loopback, timeout, largest: LARGEST }).unwrap();
    World { runtime, at, http, answers, asked, hands: Hands::default() }
});

async fn serve(
    mut stream: TcpStream,
    answers: Arc<Mutex<HashMap<&'static str, Vec<u8>>>>,
    asked: Arc<AtomicUsize>,
) {
    let mut head = Vec::new();
    loop {
        let mut bytes = [0; 2048];
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(length) => head.extend_from_slice(&bytes[..length]),
        }
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let text = String::from_utf8_lossy(&head).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default();
        let answer = answers.lock().unwrap().get(path).cloned();
        let none = || b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec();
        if stream.write_all(&answer.unwrap_or_else(none)).await.is_err() {
            return;
        }
        head.clear();
    }
}

fuzz_target!(|published: Published| {
    let world = &*WORLD;
    let at = world.at.as_str();
    let issuer = Issuer::parse(&format!("{at}/idp")).unwrap();
    let jwks_uri = format!("{at}/jwks");
    let openid = json!({
        "issuer": issuer, "authorization_endpoint": format!("{at}/a"), "jwks_uri": jwks_uri,
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    let oauth = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
    let address = format!("{at}/client.json");
    let document = json!({
        "client_id": address, "client_name": "Agent", "redirect_uris": ["https://a.example/back"],
    });
    // Whatever is asked, it is asked of us: where keys are is not for the fuzzer to say.
    let ours = |answer: &Answer, right| {
        let mut body = answer.members(right);
        if body.contains_key("jwks_uri") {
            body.insert("jwks_uri".into(), jwks_uri.clone().into());
        }
        Value::Object(body).to_string()
    };
    let bodies = [
        ours(&published.openid, &openid),
        ours(&published.oauth, &oauth),
        Value::Object(published.jwks.members(&json!({ "keys": [Key::ours().jwk()] }))).to_string(),
        Value::Object(published.document.members(&document)).to_string(),
    ];
    let paths = [
        "/idp/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/idp",
        "/jwks",
        "/client.json",
    ];
    let answers = [&published.openid, &published.oauth, &published.jwks, &published.document];
    let written = paths.into_iter().zip(answers.iter().zip(&bodies).map(|(it, b)| it.written(b)));
    *world.answers.lock().unwrap() = written.collect();
    world.hands.0.store(0, Ordering::SeqCst);
    let environment = Environment { clock: Arc::new(world.hands.clone()), ..Environment::system() };
    let remote = RemoteKeys::new(world.http.clone(), world.http.clone(), environment);

    let fits = |at: usize| answers[at].status() == 200 && bodies[at].len() <= LARGEST;
    let keys = async || remote.keys_of(&issuer, &TrustedKeys::Discovered, Wanted::Cached).await;
    let taken = kept(async || keys().await.map(|_| ()), Duration::minutes(1));
    if taken {
        assert!((fits(0) || fits(1)) && fits(2));
        assert!(KeySet::parse(bodies[2].as_bytes()).is_ok());
        assert!([0, 1].into_iter().any(|at| bodies[at].contains(issuer.as_str())));
    }
    world.hands.0.store(0, Ordering::SeqCst);
    let read = async || remote.document_at(&address, NamedBy::Strangers).await;
    if kept(async || read().await.map(|_| ()), Duration::ZERO) {
        assert!(fits(3) && ClientDocument::read(&address, bodies[3].as_bytes()).is_ok());
    }
});

/// Asks by `ask` at several times, and says whether it got anything: what was got is kept for
/// `shortest` at least and a day at most, and nobody is asked much.
fn kept(ask: impl AsyncFn() -> Result<(), Unreachable>, shortest: Duration) -> bool {
    let world = &*WORLD;
    let at = |seconds: i64| {
        world.hands.0.store(seconds, Ordering::SeqCst);
        let before = world.asked.load(Ordering::SeqCst);
        let got = world.runtime.block_on(ask()).is_ok();
        (got, world.asked.load(Ordering::SeqCst) - before)
    };
    let (taken, times) = at(0);
    assert!((1..=3).contains(&times), "asked {times} times");
    if taken {
        assert!(shortest.is_zero() || at(shortest.whole_seconds() - 1) == (true, 0));
        assert!(at(24 * 60 * 60).1 > 0, "what is a day old is asked for again");
    }
    taken
}

impl Answer {
    fn status(&self) -> u16 {
        match self.status {
            it @ 0..=50 => [201, 204, 301, 302, 404, 500][usize::from(it) % 6],
            _ => 200,
        }
    }

    /// The members of `right` with the changes.
    fn members(&self, right: &Value) -> Map<String, Value> {
        let changes = serde_json::from_str::<Map<String, Value>>(&self.changes);
        let mut members = right.as_object().unwrap().clone();
        members.extend(changes.unwrap_or_default());
        if self.longer > 0 {
            members.insert("more".into(), "x".repeat(self.longer.into()).into());
        }
        members
    }

    fn written(&self, body: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Such\r\n", self.status());
        head += &format!("content-type: {}\r\n", self.content_type.text("application/json"));
        for word in &self.cache {
            head += &format!("cache-control: {}\r\n", word.text("max-age=300"));
        }
        let body = if self.status() == 204 { "" } else { body };
        if self.status() != 204 {
            head += &format!("content-length: {}\r\n", body.len());
        }
        format!("{head}\r\n{body}").into_bytes()
    }
}

impl Word {
    /// Nothing in it ends the line of the header.
    fn text(&self, usual: &str) -> String {
        const KNOWN: [&str; 8] = [
            "no-store",
            "No-Cache, max-age=60",
            "public,max-age=\"7\"",
            "max-age=99999999999",
            "max-age=-1",
            "text/html",
            "application/x+json; charset=utf-8",
            "=",
        ];
        match self {
            Self::Usual => usual.to_owned(),
            Self::Known(it) => KNOWN[usize::from(*it) % KNOWN.len()].to_owned(),
            Self::Age(seconds) => format!("private, max-age={seconds}"),
            Self::Text(text) => text.chars().filter(|c| (' '..='~').contains(c)).collect(),
        }
    }
}
