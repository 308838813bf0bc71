//! Addresses: who is behind a proxy, where requests of ours may go, whose documents are taken.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use tegata::config::{ClientHosts, TrustedProxies};
use tegata::outbound::is_special_use;
use tegata_fuzz::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Asked {
    proxies: [u8; 2],
    peer: Address,
    forwarded: Vec<Vec<Word>>,
    v4: u32,
    v6: u128,
    hosts: String,
    host: String,
}

#[derive(Arbitrary, Debug)]
enum Address {
    /// One of a few, so that some are proxies.
    Near(u8),
    Mapped(u8),
    V4(u32),
    V6(u128),
}

#[derive(Arbitrary, Debug)]
enum Word {
    Address(Address),
    Text(String),
}

fuzz_target!(|asked: Asked| {
    origin(&asked);
    special(asked.v4.into(), asked.v6.into());
    if let Ok(hosts) = ClientHosts::parse(&asked.hosts) {
        let admitted = hosts.admit(&asked.host);
        assert!(!admitted || !hosts.is_none());
        let beside = format!("evil-{}", asked.host);
        let below = asked.hosts.contains('*');
        assert!(below || !hosts.admit(&beside) || asked.hosts.to_lowercase().contains(&beside));
    }
});

/// Nobody but a proxy is believed, and it is believed about one thing only: whom it saw.
fn origin(asked: &Asked) {
    let near = |it: u8| Address::Near(it).ip().to_string();
    let proxies = TrustedProxies::parse(&asked.proxies.map(near).join(", ")).unwrap();
    let peer = asked.peer.ip();
    let line = |words: &Vec<Word>| words.iter().map(Word::text).collect::<Vec<_>>().join(",");
    let lines: Vec<_> = asked.forwarded.iter().map(line).collect();
    let origin = proxies.origin(peer, lines.iter().map(String::as_str));
    assert_eq!(origin, origin.to_canonical());
    if origin == peer.to_canonical() {
        return;
    }
    assert!(proxies.contains(peer) && !proxies.contains(origin));
    let words: Vec<_> = lines.iter().flat_map(|it| it.split(',')).map(str::trim).collect();
    let read = |word: &&str| word.parse::<IpAddr>().ok().map(|it| it.to_canonical());
    let at = words.iter().rposition(|it| read(it) == Some(origin)).expect("a proxy said so");
    let behind = words[at + 1..].iter();
    assert!(behind.clone().all(|it| read(it).is_some_and(|it| proxies.contains(it))));
}

/// RFC 6890: whatever the standard library calls special is, in both ways to write it.
fn special(v4: Ipv4Addr, v6: Ipv6Addr) {
    let is_special = is_special_use(v4.into());
    assert_eq!(is_special, is_special_use(v4.to_ipv6_mapped().into()));
    let known = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_unspecified();
    assert!(is_special || !known);
    let known = v6.is_loopback()
        || v6.is_unspecified()
        || v6.is_multicast()
        || v6.is_unique_local()
        || v6.is_unicast_link_local();
    assert!(is_special_use(v6.into()) || !known);
    let carried = v6.to_ipv4_mapped().map(|it| is_special_use(it.into()));
    assert!(carried.is_none_or(|it| it == is_special_use(v6.into())));
}

impl Address {
    fn ip(&self) -> IpAddr {
        let near = |it: &u8| Ipv4Addr::new(10, 0, 0, it % 4);
        match self {
            Self::Near(it) => near(it).into(),
            Self::Mapped(it) => near(it).to_ipv6_mapped().into(),
            Self::V4(bits) => Ipv4Addr::from(*bits).into(),
            Self::V6(bits) => Ipv6Addr::from(*bits).into(),
        }
    }
}

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Address(it) => it.ip().to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
