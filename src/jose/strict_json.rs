//! JSON of strangers, before anything is read from it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Deeper than this nothing is nested that means anything to us.
const DEEPEST: usize = 32;

/// Whether `json` is one object, nested no deeper than it has to be, in which no name stands
/// twice: RFC 7515 §4 and RFC 7519 §4 let us "reject" what has "duplicate" names, so that no
/// two readers of it can take it for two different things.
pub(super) fn is_sound(json: &[u8]) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object = json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    object && Within(DEEPEST).deserialize(&mut reader).is_ok() && reader.end().is_ok()
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
