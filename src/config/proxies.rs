//! Proxies in front of the server, whose word about who sends a request is taken.

use std::net::IpAddr;

/// Their addresses. Nobody else's `X-Forwarded-For` or `Client-Cert` is read: anybody can send one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    addresses: Vec<IpAddr>,
    client_certificates: bool,
}

/// Something in the list is no address.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no IP address")]
pub struct NoAddress(String);

impl TrustedProxies {
    /// Addresses with commas between them; none at all is an empty text.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        Ok(Self { addresses: addresses(text)?, client_certificates: false })
    }

    /// The same, where the administrator says whether they tell of certificates.
    pub(super) fn with_client_certificates(self, switch: bool) -> Self {
        Self { client_certificates: switch, ..self }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Whether they say by `Client-Cert` whose certificate they verified (RFC 9440): the switch.
    pub fn are_asked_for_certificates(&self) -> bool {
        self.client_certificates
    }

    /// Whether a certificate can ever come by one of them.
    pub fn can_bring_certificates(&self) -> bool {
        self.client_certificates && !self.addresses.is_empty()
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }

    /// Where a request comes from that `peer` sent us with these `X-Forwarded-For` headers: the
    /// last address in them that is not a proxy's own, for each proxy adds whom it saw.
    pub fn origin<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.addresses.contains(&peer) {
            return peer;
        }
        let seen = forwarded.rev().flat_map(|header| header.rsplit(','));
        for word in seen {
            match word.trim().parse::<IpAddr>().map(|it| it.to_canonical()) {
                Ok(address) if self.addresses.contains(&address) => {}
                Ok(address) => return address,
                // Whatever stands before it, nobody whom we trust wrote.
                Err(_) => return peer,
            }
        }
        peer
    }
}

/// Addresses with commas between them.
pub(super) fn addresses(text: &str) -> Result<Vec<IpAddr>, NoAddress> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| NoAddress(word.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(peer: &str, headers: &[&str]) -> String {
        let proxies = TrustedProxies::parse("10.0.0.1, 10.0.0.2").unwrap();
        proxies.origin(peer.parse().unwrap(), headers.iter().copied()).to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        assert_eq!(origin("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(origin("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(origin("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(origin("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(origin("10.0.0.1", &["203.0.113.9", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(origin("10.0.0.1", &["198.51.100.1, garbage"]), "10.0.0.1");
        assert_eq!(origin("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_list_with_a_mistake() {
        assert!(TrustedProxies::parse("10.0.0.1, proxy").is_err());
        assert_eq!(TrustedProxies::parse("").unwrap(), TrustedProxies::default());
    }

    #[test]
    fn certificates_take_a_switch_and_a_proxy() {
        for (text, switch, taken) in
            [("10.0.0.1", true, true), ("10.0.0.1", false, false), ("", true, false)]
        {
            let proxies = TrustedProxies::parse(text).unwrap().with_client_certificates(switch);
            assert_eq!(proxies.can_bring_certificates(), taken, "{text} {switch}");
        }
    }
}
