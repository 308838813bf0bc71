//! Key wrap (RFC 3394, `A256KW` of RFC 7518 §4.4): the same 128 bits always become the same 192, and
//! without the key nobody can read them, or make others that can be unwrapped.

use josekit::jwe::enc::A256GCM;
use josekit::jwe::{A256KW, JweDecrypter, JweEncrypter, JweHeader};
use secrecy::{ExposeSecret, SecretBox};

/// 256 bits by which identifiers are wrapped.
pub struct WrappingKey(SecretBox<[u8; 32]>);

/// 128 bits and the 64 by which they are known to be whole.
const WRAPPED: usize = 24;

impl WrappingKey {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    pub fn wrap(&self, bits: u128) -> [u8; WRAPPED] {
        let key = A256KW.encrypter_from_bytes(self.0.expose_secret());
        let wrapped = key.and_then(|key| {
            let (header, mut out) = (JweHeader::new(), JweHeader::new());
            key.encrypt(&bits.to_be_bytes(), &header, &mut out)
        });
        let wrapped = wrapped.ok().flatten().and_then(|it| it.try_into().ok());
        wrapped.expect("the key has 256 bits, and what is wrapped a multiple of 64")
    }

    /// `None` if it was not wrapped by this key.
    pub fn unwrap(&self, wrapped: &[u8; WRAPPED]) -> Option<u128> {
        let key = A256KW.decrypter_from_bytes(self.0.expose_secret()).ok()?;
        let bits = key.decrypt(Some(wrapped), &A256GCM, &JweHeader::new()).ok()?;
        Some(u128::from_be_bytes(bits.as_ref().try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3394 §4.3.
    #[test]
    fn the_vector_of_128_bits_by_256() {
        let mut key = [0; 32];
        key.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        let key = WrappingKey::new(key);
        let bits = 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF;
        let wrapped = key.wrap(bits);
        let text = wrapped.iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"));
        assert_eq!(text, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7");
        assert_eq!(key.unwrap(&wrapped), Some(bits));
    }

    #[test]
    fn whatever_another_key_wrapped() {
        let (one, other) = (WrappingKey::new([1; 32]), WrappingKey::new([2; 32]));
        let mut wrapped = one.wrap(7);
        assert_eq!(other.unwrap(&wrapped), None);
        wrapped[23] ^= 1;
        assert_eq!(one.unwrap(&wrapped), None);
    }
}
