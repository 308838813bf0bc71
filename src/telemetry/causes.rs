//! Errors as they stand in the log and on a terminal.

use std::error::Error;

/// What `error` says, and what its causes say: in one line, as not every format of the log tells
/// causes. Some errors say their cause themselves; it is not said twice.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Says(&'static str, #[source] Option<Box<Says>>);

    #[test]
    fn each_cause_once() {
        let disk = Says("the disk is full", None);
        let commit = Says("the commit failed: the disk is full", Some(Box::new(disk)));
        let request = Says("nothing was issued", Some(Box::new(commit)));
        let text = "nothing was issued: the commit failed: the disk is full";
        assert_eq!(with_causes(&request), text);
    }
}
