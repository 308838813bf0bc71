//! The characters of an `error_description`.

/// RFC 6749 §4.1.2.1 and §5.2: it "MUST NOT include characters outside the set
/// %x20-21 / %x23-5B / %x5D-7E". What a stranger wrote may stand in it.
pub fn error_description(text: &str) -> String {
    let allowed = |c| match c {
        '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E' => c,
        '"' => '\'',
        _ => '?',
    };
    text.chars().map(allowed).collect()
}
