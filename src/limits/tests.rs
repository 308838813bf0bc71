//! What each limit counts, and whom it forgets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::OffsetDateTime;

use super::*;

#[derive(Default)]
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(self.0.load(Ordering::SeqCst))
    }
}

fn limits(rates: &Rates) -> (Limits, Arc<ByHand>) {
    let hands = Arc::new(ByHand::default());
    let clock: Arc<dyn Clock> = hands.clone();
    (Limits::new(rates, &clock, Metrics::new()), hands)
}

fn rate(text: &str) -> Option<Rate> {
    Rate::parse(text).unwrap()
}

fn from(address: &str) -> Party {
    Party::Address(Some(address.parse().unwrap()))
}

fn how_many(limits: &Limits, party: Party, tries: usize) -> usize {
    let passed = (0..tries).filter(|_| limits.refusal(party, LedgerEvent::TokenRequest).is_ok());
    passed.count()
}

#[test]
fn addresses_have_a_burst_each_and_get_it_back() {
    let rates = Rates { refusals_per_address: rate("2/s burst 5"), ..Rates::default() };
    let (limits, hands) = limits(&rates);
    assert_eq!(how_many(&limits, from("192.0.2.1"), 9), 5);
    assert_eq!(how_many(&limits, from("192.0.2.2"), 9), 5);
    let refused = limits.refusal(from("192.0.2.1"), LedgerEvent::TokenRequest);
    assert_eq!(refused, Err(TurnedAway { seconds: 1 }));
    hands.0.store(1, Ordering::SeqCst);
    assert_eq!(how_many(&limits, from("192.0.2.1"), 9), 2);
}

/// Neither many addresses of one network nor many networks grow the ledger without bound.
#[test]
fn many_addresses() {
    let rates = Rates { refusals_per_address: rate("2/s burst 5"), ..Rates::default() };
    let (limits, _) = limits(&rates);
    let customer = (0..50).map(|it| from(&format!("2001:db8::{it:x}")));
    assert_eq!(customer.map(|it| how_many(&limits, it, 1)).sum::<usize>(), 5);
    let customers = (1..50).map(|it| from(&format!("2001:db8:0:{it:x}::")));
    assert_eq!(customers.map(|it| how_many(&limits, it, 9)).sum::<usize>(), 19 * 5);
}

#[test]
fn a_client_is_not_held_to_what_strangers_do() {
    let rates = Rates {
        refusals_per_address: rate("1/s"),
        refusals_per_client: rate("1/s burst 3"),
        ..Rates::default()
    };
    let (limits, _) = limits(&rates);
    let key = |issuer: &str, client: &str| {
        let issuer = Issuer::parse(issuer).unwrap();
        Party::Client(limits.client_key(&issuer, &ClientId::parse(client).unwrap()))
    };
    let (wiki, chat) = (key("https://a.example", "wiki"), key("https://b.example", "wiki"));
    assert_eq!(how_many(&limits, from("192.0.2.1"), 9), 1);
    assert_eq!(how_many(&limits, wiki, 9), 3);
    assert_eq!(how_many(&limits, chat, 9), 3, "the same name at another issuer is another");
}

#[test]
fn exempt_and_unknown_addresses() {
    let exempt = vec!["192.0.2.1".parse().unwrap()];
    let rates = Rates { refusals_per_address: rate("1/s"), exempt, ..Rates::default() };
    let (limits, _) = limits(&rates);
    assert_eq!(how_many(&limits, from("::ffff:192.0.2.1"), 9), 9);
    assert_eq!(how_many(&limits, Party::Address(None), 9), 9);
    assert_eq!(how_many(&limits, from("192.0.2.2"), 9), 1);
}

#[test]
fn whoever_was_quiet_is_forgotten() {
    let rates = Rates { pages_per_address: rate("10/s burst 20"), ..Rates::default() };
    let (limits, hands) = limits(&rates);
    for host in 0..=255 {
        let address = Some(IpAddr::from([192, 0, 2, host]));
        limits.visit(Endpoint::Pages, address).unwrap();
    }
    limits.forget();
    assert_eq!(limits.pages_per_address.keys(), 256);
    hands.0.store(3, Ordering::SeqCst);
    limits.forget();
    assert_eq!(limits.pages_per_address.keys(), 0);
}

#[test]
fn what_is_not_recorded_is_counted() {
    let (limits, _) = limits(&Rates::default());
    let issuer = Issuer::parse("https://a.example").unwrap();
    let what = Unrecorded { issuer, event: LedgerEvent::TokenRequest, client: None };
    limits.unrecorded(what.clone());
    limits.unrecorded(what.clone());
    assert_eq!(limits.take_unrecorded(), [(what.clone(), 2)]);
    assert_eq!(limits.take_unrecorded(), []);
    limits.put_back(what.clone(), 2);
    limits.unrecorded(what.clone());
    assert_eq!(limits.take_unrecorded(), [(what, 3)]);
}
