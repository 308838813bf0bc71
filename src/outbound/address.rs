//! Which addresses are not of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address has a special use (RFC 6890 and the registries it set up). A URL that a
/// stranger gave must not lead there: RFC 7591 §5 and RFC 9728 §7.7 on SSRF.
pub fn is_special_use(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

/// Whether an address is of this very machine.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The networks of special use, each with the length of its prefix.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    // "This network", RFC 1122.
    ([0, 0, 0, 0], 8),
    // Private, RFC 1918.
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    // Shared by the customers of a carrier, RFC 6598.
    ([100, 64, 0, 0], 10),
    // Loopback, RFC 1122.
    ([127, 0, 0, 0], 8),
    // Link local, RFC 3927: there clouds keep the credentials of their machines.
    ([169, 254, 0, 0], 16),
    // IETF protocol assignments, RFC 6890.
    ([192, 0, 0, 0], 24),
    // Documentation, RFC 5737.
    ([192, 0, 2, 0], 24),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Relays of 6to4, RFC 7526.
    ([192, 88, 99, 0], 24),
    // Benchmarks, RFC 2544.
    ([198, 18, 0, 0], 15),
    // Multicast, RFC 1112; reserved, with broadcast.
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

const SPECIAL_V6: &[([u16; 8], u32)] = &[
    // Unspecified, loopback, IPv4-compatible, RFC 4291.
    ([0; 8], 96),
    // NAT64 within a site, RFC 8215.
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    // Discarded, RFC 6666.
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    // IETF protocol assignments with Teredo and ORCHID, RFC 2928; 6to4, RFC 3056.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    // Documentation, RFC 3849 and RFC 9637.
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    // Segment routing, RFC 9602.
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
    // Unique local, RFC 4193; link local and, formerly, site local, RFC 4291; multicast.
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

fn is_special_v4(address: Ipv4Addr) -> bool {
    SPECIAL_V4.iter().any(|(network, length)| {
        let differing = address.to_bits() ^ Ipv4Addr::from(*network).to_bits();
        differing.leading_zeros() >= *length
    })
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = carried(address) {
        return is_special_v4(inner);
    }
    SPECIAL_V6.iter().any(|(network, length)| {
        let differing = address.to_bits() ^ Ipv6Addr::from(*network).to_bits();
        differing.leading_zeros() >= *length
    })
}

/// The IPv4 address that an IPv4-mapped one (RFC 4291 §2.5.5.2) or one of NAT64 (RFC 6052)
/// stands for.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_special_use(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2a00::1",
            "2001:4860::8888",
        ] {
            assert!(!is_special_use(text.parse().unwrap()), "{text}");
        }
    }
}
