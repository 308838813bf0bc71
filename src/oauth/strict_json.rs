//! JSON of strangers: the one way to read it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Deeper than this nothing is nested that means anything to us.
pub const DEEPEST: usize = 32;

/// Names that `serde_json` gives a meaning of its own when it reads a `Value`: with `raw_value` it
/// reads the text below one as JSON again, and begins to count its levels anew. So two readers would
/// see two things, and a few of them in each other would overflow the stack.
const OF_THE_READER: &str = "$serde_json::private::";

/// Reads one value, nested no deeper than `deepest`, in which no name stands twice: RFC 7515 §4 and
/// RFC 7519 §4 let us "reject" what has "duplicate" names, so that no two readers of it can take it
/// for two different things.
pub fn read<T: DeserializeOwned>(json: &[u8], deepest: usize) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    Within(deepest).deserialize(&mut reader)?;
    reader.end()?;
    serde_json::from_slice(json)
}

/// Reads one object of this kind: a part of a JWT, or a document.
pub fn object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    match json.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => read(json, DEEPEST),
        _ => Err(Error::custom("it is no object")),
    }
}

/// A name, as it stands there if it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A value with at most so many levels.
#[derive(Clone, Copy)]
struct Within(usize);

impl Within {
    fn below<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("it is nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while values.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (below, mut names) = (self.below()?, Vec::new());
        while let Some(Name(name)) = members.next_key()? {
            if name.starts_with(OF_THE_READER) {
                return Err(A::Error::custom("a name is not to be used"));
            }
            names.push(name);
            members.next_value_seed(below)?;
        }
        names.sort_unstable();
        match names.windows(2).any(|two| two[0] == two[1]) {
            true => Err(A::Error::custom("a name stands there twice")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_two_readers_could_take_for_two_things() {
        for wrong in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"a":1,"a":2}}]"#,
            r#"{"a":{"$serde_json::private::RawValue":"[1]"}}"#,
            r#"{"a":{"\u0024serde_json::private::RawValue":"[1]"}}"#,
            r#"[{"$serde_json::private::Number":"1"}]"#,
            r#"{"a":1} {}"#,
            r#"{"a":"#,
        ] {
            assert!(read::<Value>(wrong.as_bytes(), DEEPEST).is_err(), "{wrong}");
        }
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read::<Value>(nested(8).as_bytes(), 8).is_ok());
        assert!(read::<Value>(nested(9).as_bytes(), 8).is_err());
        assert!(read::<Value>(nested(100_000).as_bytes(), DEEPEST).is_err());
        assert!(object::<Value>(b" {}").is_ok() && object::<Value>(b"[]").is_err());
    }
}
