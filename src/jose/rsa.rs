//! What is wrong with some RSA keys that OpenSSL would take.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use serde_json::Value;

/// Of RSA keys, in bytes: 8192 bits, and what everybody's exponent, 65537, fits in. Verifying takes a
/// time that grows with both, and strangers bring keys of their own: by the largest that OpenSSL
/// takes, a hundred times as long as by a usual one.
const LONGEST_MODULUS: usize = 1024;
const LONGEST_EXPONENT: usize = 4;

/// Whether a signature by the key says anything, and can be verified in no time.
pub(super) fn is_sound(jwk: &Jwk) -> bool {
    let (modulus, exponent) = (number(jwk, "n"), number(jwk, "e"));
    modulus.len() <= LONGEST_MODULUS
        && exponent.len() <= LONGEST_EXPONENT
        && is_proper(&exponent)
        && !is_weak(&modulus)
}

/// A member as a big-endian number without leading zeros.
fn number(jwk: &Jwk, name: &str) -> Vec<u8> {
    let text = jwk.parameter(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// RFC 8017 §3.1: "the RSA public exponent e is an integer between 3 and n - 1", and prime to
/// an even number. By an exponent of 1 everybody can sign.
fn is_proper(exponent: &[u8]) -> bool {
    match exponent {
        [] | [1] => false,
        [.., last] => last % 2 == 1,
    }
}

/// The primes by which the keys of CVE-2017-15361 (ROCA) are known.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a chip drew the primes of the key badly (CVE-2017-15361): then it can be factored, and
/// others sign by it. Such a modulus is a power of 65537 to each of some primes at once; one in 2^150
/// others is so by chance (Nemec and others, "The Return of Coppersmith's Attack", 2017, §3).
fn is_weak(modulus: &[u8]) -> bool {
    let is_power = |prime: u32| {
        let rest = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let powers = std::iter::successors(Some(1), |it| Some(it * 65537 % prime));
        powers.take(prime as usize).any(|it| it == rest)
    };
    PRIMES.into_iter().all(is_power)
}
