//! The keys themselves, in the order of `docs/configuration.md`.

use super::keys_clients::CLIENTS;
use super::table::Default::{Found, Is};
use super::table::Form::{Flag, Number, OneOf, Seconds, Secret, Text};
use super::table::Key;

const RATE: &str =
    "like \"10/s burst 50\" (ten a second, fifty at once) or \"300/m\" (a minute), or \"off\"";

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(CLIENTS)
}

const KEYS: &[Key] = &[
    Key {
        path: "public_url",
        what: "The issuer identifier of home: the address under which people, agents and services \
               reach this server, letter by letter as it stands in tokens.",
        form: Text("an https URL without query and fragment (http on loopback only)"),
        default: Is("http://127.0.0.1:8080"),
        example: "\"https://id.example.com\"",
    },
    Key {
        path: "listen",
        what: "Where the server takes connections.",
        form: Text("an address and a port"),
        default: Is("127.0.0.1:8080"),
        example: "\"0.0.0.0:8080\"",
    },
    Key {
        path: "drain_seconds",
        what: "How long a server that was told to end by SIGTERM goes on answering while \
               `/readyz` says 503, so that balancers send requests elsewhere before it closes its \
               door. Longer than they take to notice. Ctrl-C does not wait.",
        form: Seconds { least: 0, most: 300 },
        default: Found("5 on PostgreSQL, where other nodes serve meanwhile; 0 on SQLite"),
        example: "5",
    },
    Key {
        path: "administrators",
        what: "A group of the directory whose members may read, when they are signed in, what any \
               decision was about: the pages that `error_uri` of a refusal leads to. Left out, \
               nobody may; `tegata explain` says it on the command line.",
        form: Text("the name of a group"),
        default: Is(""),
        example: "\"administrators\"",
    },
    Key {
        path: "trusted_proxies",
        what: "Proxies in front of the server. From them, and from nobody else, the address of a \
               person is taken from `X-Forwarded-For`, so that guesses are held against whoever \
               made them and not against everybody behind the proxy; and, if \
               `proxies.client_certificate` is on, whose certificate it is from `Client-Cert`.",
        form: Text("IP addresses with commas between them"),
        default: Is(""),
        example: "\"10.0.0.1, 10.0.0.2\"",
    },
    Key {
        path: "database",
        what: "Where everything is kept. A relative path starts at the folder of the file. \
               `sqlite::memory:` is forgotten at the end.",
        form: Text("sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME"),
        default: Is("sqlite:tegata.db"),
        example: "\"postgres://tegata@db.example.com/tegata\"",
    },
    Key {
        path: "key_file",
        what: "The file with the key that seals private keys and other secrets in the database. \
               Made on first start, for its owner's eyes only. Whoever loses it loses the signing \
               keys: keep a copy apart from the database.",
        form: Text("a path; a relative one starts at the folder of the file"),
        default: Found("`tegata.key` beside the SQLite database, else beside the file"),
        example: "\"/var/lib/tegata/tegata.key\"",
    },
    Key {
        path: "key",
        what: "That key itself, in place of `key_file`.",
        form: Secret("32 bytes as 64 hexadecimal digits or as base64url"),
        default: Found("read from `key_file`"),
        example: "",
    },
    Key {
        path: "proxies.client_certificate",
        what: "By which header the proxies of `trusted_proxies` say whose certificate they verified: \
               `Client-Cert` (RFC 9440). Tokens can be bound to it then (RFC 8705 §3). From anybody \
               else the header is passed over; a proxy must take out what came from outside.",
        form: OneOf(&["off", "Client-Cert"]),
        default: Is("off"),
        example: "\"Client-Cert\"",
    },
    Key {
        path: "outbound.allow_private_networks",
        what: "Whether keys and metadata may be fetched from loopback, private and other special \
               addresses (RFC 6890), and by plain http. For tests and intranets: whoever may name \
               an address to fetch can then reach into this network.",
        form: Flag,
        default: Is("false"),
        example: "true",
    },
    Key {
        path: "outbound.extra_roots",
        what: "Certificates of authorities that others' https may have theirs from, besides those that \
               the system trusts: for a company with its own.",
        form: Text("the path of a file of certificates as PEM, relative to this file's folder"),
        default: Found("none"),
        example: "",
    },
    Key {
        path: "outbound.timeout_seconds",
        what: "How long a fetch may take in all.",
        form: Seconds { least: 1, most: 60 },
        default: Is("10"),
        example: "5",
    },
    Key {
        path: "lifetimes.code",
        what: "How long an authorization code can be redeemed (RFC 6749 §4.1.2: ten minutes at \
               most).",
        form: Seconds { least: 1, most: 600 },
        default: Is("60"),
        example: "60",
    },
    Key {
        path: "lifetimes.id_token",
        what: "How long an ID token is valid, and with it how long it can be exchanged.",
        form: Seconds { least: 1, most: 86_400 },
        default: Is("3600"),
        example: "3600",
    },
    Key {
        path: "lifetimes.access_token",
        what: "How long an access token is valid.",
        form: Seconds { least: 1, most: 86_400 },
        default: Is("600"),
        example: "600",
    },
    Key {
        path: "lifetimes.id_jag",
        what: "How long an ID-JAG is valid. It is meant to be redeemed at once.",
        form: Seconds { least: 1, most: 3600 },
        default: Is("300"),
        example: "300",
    },
    Key {
        path: "lifetimes.refresh_token",
        what: "How long a refresh token can be redeemed, counted anew at each rotation.",
        form: Seconds { least: 1, most: 31_536_000 },
        default: Is("2592000"),
        example: "2592000",
    },
    Key {
        path: "lifetimes.session",
        what: "How long a person stays signed in.",
        form: Seconds { least: 1, most: 2_592_000 },
        default: Is("43200"),
        example: "43200",
    },
    Key {
        path: "id_jag.hide_services",
        what: "Whether a client that names a service with which it is not connected hears the same as \
               if there were no such service (ID-JAG §9.4). It makes mistakes harder to find.",
        form: Flag,
        default: Is("false"),
        example: "true",
    },
    Key {
        path: "id_jag.by_refresh_token",
        what: "Whether a client may exchange its refresh token for an ID-JAG, and not only an ID \
               token (ID-JAG §4.3): then it needs nobody to sign in while it goes on for them.",
        form: Flag,
        default: Is("true"),
        example: "false",
    },
    Key {
        path: "dpop.nonce_required",
        what: "Whether a DPoP proof must have a nonce of this server in it (RFC 9449 §8), so that \
               none can be made beforehand. Clients that send proofs know how to do that; it costs \
               them a second request now and then.",
        form: Flag,
        default: Is("false"),
        example: "true",
    },
    Key {
        path: "sign_in.parallel_hashes",
        what: "How many passwords are hashed at a time. Each takes 19 MiB, and a core \
               for as long as nobody else needs it.",
        form: Number { least: 1, most: 256 },
        default: Found("as many as there are cores"),
        example: "4",
    },
    Key {
        path: "sign_in.attempts_before_delay",
        what: "After how many wrong passwords in a row the answers to an account or an address \
               slow down.",
        form: Number { least: 1, most: 1000 },
        default: Is("5"),
        example: "5",
    },
    Key {
        path: "sign_in.lockout_attempts",
        what: "After how many wrong passwords in a row they are locked out for a while.",
        form: Number { least: 1, most: 1000 },
        default: Is("20"),
        example: "20",
    },
    Key {
        path: "sign_in.lockout_seconds",
        what: "How long that while is.",
        form: Seconds { least: 1, most: 86_400 },
        default: Is("900"),
        example: "900",
    },
    Key {
        path: "limits.refusals_per_address",
        what: "How many refusals of one address (an IPv6 network of /64 is one) are \
               recorded. Beyond that whoever is refused is told to slow down, with 429, and the ledger has \
               only their number. What is right is answered all the same.",
        form: Text(RATE),
        default: Is("10/s burst 50"),
        example: "\"10/s burst 50\"",
    },
    Key {
        path: "limits.refusals_per_client",
        what: "The same for a client that has proven who it is.",
        form: Text(RATE),
        default: Is("100/s burst 1000"),
        example: "\"100/s burst 1000\"",
    },
    Key {
        path: "limits.tokens_per_client",
        what: "How many token requests a client may make that has proven who it is, and how \
               many of them at once.",
        form: Text(RATE),
        default: Is("off"),
        example: "\"50/s burst 500\"",
    },
    Key {
        path: "limits.tokens_per_user",
        what: "How many tokens may be issued for one person, over all clients.",
        form: Text(RATE),
        default: Is("off"),
        example: "\"60/m burst 30\"",
    },
    Key {
        path: "limits.tokens_per_address",
        what: "How many token requests one address may make, right or wrong. Behind a proxy \
               `trusted_proxies` must be set, or all the world is one address.",
        form: Text(RATE),
        default: Is("off"),
        example: "\"200/s burst 1000\"",
    },
    Key {
        path: "limits.pages_per_address",
        what: "How many pages one address may ask for: sign-in, consent, sign-out and what \
               leads to them.",
        form: Text(RATE),
        default: Is("20/s burst 400"),
        example: "\"20/s burst 400\"",
    },
    Key {
        path: "limits.registrations_per_address",
        what: "How many clients one address may register, or try to. All strangers together may \
               register twenty times as many.",
        form: Text(RATE),
        default: Is("10/m burst 10"),
        example: "\"10/m burst 10\"",
    },
    Key {
        path: "limits.documents_per_address",
        what: "How often one address may ask for metadata, keys and userinfo.",
        form: Text(RATE),
        default: Is("off"),
        example: "\"50/s\"",
    },
    Key {
        path: "limits.explanations_per_client",
        what: "How often one client may have decisions about it explained: each is a search in the \
               ledger.",
        form: Text(RATE),
        default: Is("1/s burst 20"),
        example: "\"1/s burst 20\"",
    },
    Key {
        path: "limits.exempt",
        what: "Addresses that none of the limits per address is for.",
        form: Text("IP addresses with commas between them"),
        default: Is("127.0.0.1, ::1"),
        example: "\"127.0.0.1, ::1, 10.0.0.9\"",
    },
    Key {
        path: "limits.connections",
        what: "How many connections there may be at a time. More wait until one ends.",
        form: Number { least: 1, most: 1_000_000 },
        default: Is("2000"),
        example: "2000",
    },
    Key {
        path: "limits.connections_per_address",
        what: "How many of them one address may have; more are closed at once. Proxies \
               in `trusted_proxies` and exempt addresses may have all.",
        form: Number { least: 1, most: 1_000_000 },
        default: Is("256"),
        example: "256",
    },
    Key {
        path: "limits.header_seconds",
        what: "How long the first request of a connection may take to come to the point.",
        form: Seconds { least: 1, most: 300 },
        default: Is("10"),
        example: "10",
    },
    Key {
        path: "limits.request_seconds",
        what: "How long a request may take to arrive with its body and to be answered.",
        form: Seconds { least: 1, most: 300 },
        default: Is("30"),
        example: "30",
    },
    Key {
        path: "limits.idle_seconds",
        what: "How long a connection may be without another request. Make it longer than \
               a proxy in front keeps its connections.",
        form: Seconds { least: 2, most: 3600 },
        default: Is("75"),
        example: "75",
    },
    Key {
        path: "limits.header_bytes",
        what: "How large the header of a request may be, in bytes.",
        form: Number { least: 8192, most: 1_048_576 },
        default: Is("16384"),
        example: "16384",
    },
    Key {
        path: "limits.header_fields",
        what: "How many fields it may have.",
        form: Number { least: 16, most: 1000 },
        default: Is("100"),
        example: "100",
    },
    Key {
        path: "limits.streams",
        what: "How many requests may be under way in one connection of HTTP/2.",
        form: Number { least: 1, most: 1000 },
        default: Is("100"),
        example: "100",
    },
    Key {
        path: "ledger.keep_days",
        what: "How many days the rows of the ledger are kept at least. Whole months are dropped, \
               once all that is in them is older; what is left can still be verified.",
        form: Number { least: 1, most: 36_500 },
        default: Found("for ever"),
        example: "400",
    },
    Key {
        path: "log.format",
        what: "How the log, which goes to standard error, looks: lines for people or JSON for \
               machines. `auto` writes for people on a terminal.",
        form: OneOf(&["auto", "human", "json"]),
        default: Is("auto"),
        example: "\"json\"",
    },
    Key {
        path: "log.level",
        what: "What is logged: a level, or levels by room. Nothing secret is logged at any level.",
        form: Text("directives of tracing's EnvFilter"),
        default: Is("info"),
        example: "\"info,tegata::outbound=debug\"",
    },
];
