//! Every key of the configuration, declared once.
//!
//! Reading, checking, the guess at what a misspelt key was meant to be, and
//! `docs/configuration.md` are all made from this table.

/// One key.
pub(super) struct Key {
    /// Its tables and its name, joined by dots.
    pub path: &'static str,
    /// What it is for, in sentences.
    pub what: &'static str,
    pub form: Form,
    pub default: Default,
    /// A value as it would stand in the file.
    pub example: &'static str,
}

/// What a value looks like, and in which unit it counts.
pub(super) enum Form {
    /// A text; what kind of text is said in these words.
    Text(&'static str),
    OneOf(&'static [&'static str]),
    Flag,
    Number {
        least: u64,
        most: u64,
    },
    Seconds {
        least: u64,
        most: u64,
    },
    /// A text that may stand in the environment only, for files are copied and shown around.
    Secret(&'static str),
}

/// What holds where nobody set the key.
pub(super) enum Default {
    /// This text, as it would stand in the environment.
    Is(&'static str),
    /// What these words describe.
    Found(&'static str),
}

use Default::{Found, Is};
use Form::{Flag, Number, OneOf, Seconds, Secret, Text};

pub(super) const KEYS: &[Key] = &[
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
        path: "trusted_proxies",
        what: "Proxies in front of the server. From them, and from nobody else, the address of a \
               person is taken from `X-Forwarded-For`, so that guesses are held against whoever \
               made them and not against everybody behind the proxy.",
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
        path: "outbound.allow_private_networks",
        what: "Whether keys and metadata may be fetched from loopback, private and other special \
               addresses (RFC 6890), and by plain http. For tests and intranets: whoever may name \
               an address to fetch can then reach into this network.",
        form: Flag,
        default: Is("false"),
        example: "true",
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
        path: "sign_in.parallel_hashes",
        what: "How many passwords are hashed at a time. Each takes a core and 19 MiB.",
        form: Number { least: 1, most: 256 },
        default: Found("one less than there are cores, and at least one"),
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

impl Key {
    /// The declaration of `path`.
    pub(super) fn named(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        variable(self.path)
    }
}

impl Form {
    /// The form in words, to be read after "must be".
    pub(super) fn words(&self) -> String {
        match self {
            Text(words) | Secret(words) => (*words).to_owned(),
            OneOf(words) => format!("one of {}", words.join(", ")),
            Flag => "true or false".to_owned(),
            Number { least, most } => format!("a whole number from {least} to {most}"),
            Seconds { least, most } => {
                format!("a whole number of seconds from {least} to {most}")
            }
        }
    }
}

/// The environment variable of a path.
pub(super) fn variable(path: &str) -> String {
    format!("TEGATA_{}", path.to_uppercase().replace('.', "__"))
}

/// The key that somebody who wrote `path` may have meant.
pub(super) fn meant_by(path: &str) -> Option<&'static Key> {
    let name = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    KEYS.iter()
        .map(|key| (distance(key.path, path), key))
        .filter(|(distance, key)| *distance <= 1 + key.path.len() / 8)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
        .or_else(|| KEYS.iter().find(|key| name(key.path) == name(path)))
}

/// How many letters have to be put in, left out or replaced to turn one text into the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..other.len() {
            let replaced = diagonal + usize::from(letter != other[column]);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
