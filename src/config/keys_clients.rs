//! The keys of `[clients]`: those that nobody declared in the directory.

use super::table::Default::Is;
use super::table::Form::{OneOf, Text};
use super::table::Key;

pub(super) const CLIENTS: &[Key] = &[
    Key {
        path: "clients.described_at",
        what: "At which hosts clients may describe themselves, by a document at the address that is \
               their client_id, instead of being registered here. They act for people who let \
               them, and never for themselves.",
        form: Text(
            "names of hosts with commas between them, `*.` before one for all below it, or `*`",
        ),
        default: Is(""),
        example: "\"claude.ai, *.example.com\"",
    },
    Key {
        path: "clients.listed",
        what: "Clients that describe themselves and that you looked at. They may come whatever \
               `clients.described_at` says, and people read that you know them: the tier `listed`.",
        form: Text("their addresses, with commas between them"),
        default: Is(""),
        example: "\"https://claude.ai/oauth/client.json\"",
    },
    Key {
        path: "clients.verified_domains",
        what: "Hosts whose owner you know: your own, or a partner's. Clients that describe themselves \
               there may come, and have the tier `verified` if they prove by `private_key_jwt` or by \
               where their answers go that they belong there. No place for hosts below which strangers \
               can have one.",
        form: Text("names of hosts with commas between them, or `*.` before one for all below it"),
        default: Is(""),
        example: "\"example.com, *.example.com\"",
    },
    Key {
        path: "clients.refresh_from",
        what: "From which tier on a client that nobody declared may have refresh tokens, and \
               `offline_access`: one that is new to the person, one that they allowed before, one of a \
               verified domain, or one that is listed.",
        form: OneOf(&["new", "seen", "verified", "listed"]),
        default: Is("seen"),
        example: "\"verified\"",
    },
    Key {
        path: "clients.new_scope",
        what: "The most that a client which is new to the person may have, at home and at services; it \
               can ask for more when it is not new any more. Empty: as much as any that nobody \
               declared.",
        form: Text("scope tokens with a space between them"),
        default: Is(""),
        example: "\"openid chat.read\"",
    },
    Key {
        path: "clients.registration",
        what: "Who may register clients at home by themselves (RFC 7591): nobody, whoever has an \
               initial access token of `tegata client invite`, or everybody. Each service says so \
               for itself, by `registration` in the directory.",
        form: OneOf(&["off", "token", "open"]),
        default: Is("off"),
        example: "\"token\"",
    },
];
