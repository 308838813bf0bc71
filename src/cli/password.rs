//! Reading a password: asked for on a terminal, or the first line of standard input.

use std::io::{self, BufRead, IsTerminal, Read};

use secrecy::SecretString;

use super::failure::Failure;
use crate::passwords::LONGEST_PASSWORD;

/// Asks twice on a terminal, without echo; `piped` or without a terminal, a line is read.
pub(super) async fn read(piped: bool) -> Result<SecretString, Failure> {
    let read = move || match piped || !io::stdin().is_terminal() {
        true => line(),
        false => ask(),
    };
    tokio::task::spawn_blocking(read).await?
}

fn ask() -> Result<SecretString, Failure> {
    let first = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Once more: ")? != first {
        return Err(Failure::new("the two passwords differ: try again"));
    }
    checked(first)
}

fn line() -> Result<SecretString, Failure> {
    let mut text = String::new();
    io::stdin().lock().take(2 * LONGEST_PASSWORD as u64).read_line(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    checked(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn checked(password: String) -> Result<SecretString, Failure> {
    match password.is_empty() {
        true => Err(Failure::new(
            "the password is empty: write it on standard input, or type it on a terminal",
        )),
        false => Ok(password.into()),
    }
}
