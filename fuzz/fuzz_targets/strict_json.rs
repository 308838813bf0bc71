//! JSON of strangers: what is taken, and what two readers could take for two things.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use serde_json::Value;
use tegata::oauth::strict_json::{DEEPEST, object, read};
use tegata_fuzz::fuzz_target;

fuzz_target!(|data: &[u8]| {
    any(data);
    if let Ok(tree) = Tree::arbitrary(&mut Unstructured::new(data)) {
        known(&tree);
    }
});

/// Any bytes: what is taken, everybody takes, and as the same.
fn any(data: &[u8]) {
    let shallow = read::<Value>(data, 2);
    let Ok(value) = read::<Value>(data, DEEPEST) else {
        assert!(shallow.is_err(), "a lower limit takes no more");
        return assert!(object::<Value>(data).is_err());
    };
    assert!(levels(&value) <= DEEPEST);
    assert_eq!(shallow.is_ok(), levels(&value) <= 2);
    assert_eq!(serde_json::from_slice::<Value>(data).unwrap(), value);
    assert_eq!(object::<Value>(data).is_ok(), value.is_object());
    let written = value.to_string();
    assert_eq!(read::<Value>(written.as_bytes(), DEEPEST).unwrap(), value);
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// JSON of which it is known what is wrong with it.
#[derive(Arbitrary, Debug)]
enum Tree {
    Leaf(Option<i64>),
    Text(String),
    Array(Vec<Self>),
    Object(Vec<(Name, Self)>),
}

/// Short, so that some stand there twice; some are written by escapes.
#[derive(Arbitrary, Debug)]
struct Name {
    letter: u8,
    escaped: bool,
}

fn known(tree: &Tree) {
    let mut text = String::new();
    tree.write(&mut text);
    let taken = read::<Value>(text.as_bytes(), DEEPEST).is_ok();
    assert_eq!(taken, tree.is_plain() && tree.levels() <= DEEPEST, "{text}");
}

impl Tree {
    fn write(&self, text: &mut String) {
        match self {
            Self::Leaf(None) => text.push_str("null"),
            Self::Leaf(Some(number)) => text.push_str(&number.to_string()),
            Self::Text(it) => text.push_str(&Value::from(it.as_str()).to_string()),
            Self::Array(values) => {
                text.push('[');
                for (at, value) in values.iter().enumerate() {
                    text.push_str(if at > 0 { "," } else { "" });
                    value.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    text.push_str(if at > 0 { ", " } else { "" });
                    text.push_str(&match name.escaped {
                        true => format!("\"\\u{:04x}\":", name.letter()),
                        false => format!("\"{}\":", char::from(name.letter())),
                    });
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    fn levels(&self) -> usize {
        match self {
            Self::Leaf(_) | Self::Text(_) => 0,
            Self::Array(values) => 1 + values.iter().map(Self::levels).max().unwrap_or(0),
            Self::Object(all) => 1 + all.iter().map(|(_, it)| it.levels()).max().unwrap_or(0),
        }
    }

    /// Whether no name stands twice in one object.
    fn is_plain(&self) -> bool {
        match self {
            Self::Leaf(_) | Self::Text(_) => true,
            Self::Array(values) => values.iter().all(Self::is_plain),
            Self::Object(members) => {
                let mut names: Vec<_> = members.iter().map(|(name, _)| name.letter()).collect();
                names.sort_unstable();
                names.dedup();
                names.len() == members.len() && members.iter().all(|(_, it)| it.is_plain())
            }
        }
    }
}

impl Name {
    fn letter(&self) -> u8 {
        b'a' + self.letter % 26
    }
}
