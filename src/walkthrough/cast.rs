//! Who plays in the demo: people, clients, services, and the words of the directory.

/// The agent at home.
pub const CLIENT_ID: &str = "travel-agent";
/// Its secret there. Known to everybody, as all secrets here: the demo lives on loopback.
pub const CLIENT_SECRET: &str = "demo-secret-of-the-travel-agent-at-home";
/// The agent at the calendar.
pub const CLIENT_ID_AT_CALENDAR: &str = "travel-agent-at-calendar";
/// Its secret there.
pub const CLIENT_SECRET_AT_CALENDAR: &str = "demo-secret-of-the-travel-agent-at-calendar";
/// The agent at the chat.
pub const CLIENT_ID_AT_CHAT: &str = "travel-agent-at-chat";
/// Its secret there.
pub const CLIENT_SECRET_AT_CHAT: &str = "demo-secret-of-the-travel-agent-at-chat";
/// Another agent at the calendar, which has no business with our ID-JAGs.
pub const OTHER_CLIENT_ID_AT_CALENDAR: &str = "rail-agent-at-calendar";
/// Its secret there.
pub const OTHER_CLIENT_SECRET_AT_CALENDAR: &str = "demo-secret-of-the-rail-agent-at-calendar";
/// Where home sends the browser back to; on loopback any port will do (RFC 8252 §7.3).
pub const REDIRECT_URI: &str = "http://127.0.0.1/callback";
/// Alice, of sales.
pub const USERNAME: &str = "alice";
/// What she types.
pub const PASSWORD: &str = "alice-password";
/// Bob, of engineering, for whom the agent may not look into calendars.
pub const OTHER_USERNAME: &str = "bob";
/// What he types.
pub const OTHER_PASSWORD: &str = "bob-password";
/// An MCP client that people connect themselves, with a browser; at the chat.
pub const MCP_CLIENT_ID: &str = "mcp-client-at-chat";
/// Its secret there.
pub const MCP_CLIENT_SECRET: &str = "demo-secret-of-the-mcp-client-at-chat";
/// The path of each API, on a port of its own.
pub const MCP_PATH: &str = "/mcp";
/// The calendar's tool that reads.
pub const LIST_EVENTS: &str = "list_events";
/// The calendar's tool that writes.
pub const ADD_EVENT: &str = "add_event";
/// The chat's tool that reads.
pub const READ_MESSAGES: &str = "read_messages";
/// The chat's tool that writes.
pub const SEND_MESSAGE: &str = "send_message";
/// To read the calendar.
pub const CALENDAR_READ: &str = "calendar.read";
/// To write to the calendar.
pub const CALENDAR_WRITE: &str = "calendar.write";
/// To read the chat.
pub const CHAT_READ: &str = "chat.read";
/// To write to the chat.
pub const CHAT_WRITE: &str = "chat.write";

/// `directory.toml`, with names in braces where [`directory`] puts something.
const DIRECTORY: &str = r#"# The directory of the demo. Change it and see:
#   tegata apply directory.toml --dry-run

[[group]]
name = "sales"

[[group]]
name = "engineering"

[[user]]
username = "{USERNAME}"
email = "alice@example.com"
name = "Alice Example"
password = "{PASSWORD}"
groups = ["sales"]

[[user]]
username = "{OTHER_USERNAME}"
email = "bob@example.com"
name = "Bob Example"
password = "{OTHER_PASSWORD}"
groups = ["engineering"]

# Two services, hosted here, each an issuer of its own.

[[service]]
id = "calendar"
name = "Calendar"
resources = ["{CALENDAR}"]
scopes = { "calendar.read" = "See your events", "calendar.write" = "Add events for you" }

[[service]]
id = "chat"
name = "Chat"
resources = ["{CHAT}"]
scopes = { "chat.read" = "Read your messages", "chat.write" = "Send messages as you" }
registration = "open"
described_clients = ["chat.read", "chat.write"]

# The agent: at home, and at each service by another name.

[[client]]
client_id = "{CLIENT_ID}"
name = "Travel agent"
agent = true
client_secret = "{CLIENT_SECRET}"
token_endpoint_auth_method = "client_secret_basic"
redirect_uris = ["{REDIRECT_URI}"]
grant_types = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"]
scope = "openid profile email offline_access"

[[client]]
at = "calendar"
client_id = "{CLIENT_ID_AT_CALENDAR}"
name = "Travel agent"
agent = true
client_secret = "{CLIENT_SECRET_AT_CALENDAR}"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

[[client]]
at = "chat"
client_id = "{CLIENT_ID_AT_CHAT}"
name = "Travel agent"
agent = true
client_secret = "{CLIENT_SECRET_AT_CHAT}"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

# Any MCP client that a person connects to the chat: it sends them to a browser, and has no ID-JAGs.

[[client]]
at = "chat"
client_id = "{MCP_CLIENT_ID}"
name = "MCP client"
client_secret = "{MCP_CLIENT_SECRET}"
redirect_uris = ["{REDIRECT_URI}"]
grant_types = ["authorization_code", "refresh_token"]

# Somebody else, for `tegata walkthrough --break client`.

[[client]]
at = "calendar"
client_id = "{OTHER_CLIENT_ID_AT_CALENDAR}"
name = "Rail agent"
agent = true
client_secret = "{OTHER_CLIENT_SECRET_AT_CALENDAR}"
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

# What the administrator decided: the calendar without questions, but for sales alone; the chat
# for everybody who agrees.

[[connection]]
client = "{CLIENT_ID}"
service = "calendar"
client_id = "{CLIENT_ID_AT_CALENDAR}"
scopes = ["calendar.read", "calendar.write"]
approval = "admin"
groups = ["sales"]

[[connection]]
client = "{CLIENT_ID}"
service = "chat"
client_id = "{CLIENT_ID_AT_CHAT}"
scopes = ["chat.read"]
approval = "user"
"#;

/// The text of `directory.toml`, once it is known where the APIs are.
pub fn directory(calendar: &str, chat: &str) -> String {
    [
        ("{CALENDAR}", calendar),
        ("{CHAT}", chat),
        ("{USERNAME}", USERNAME),
        ("{PASSWORD}", PASSWORD),
        ("{OTHER_USERNAME}", OTHER_USERNAME),
        ("{OTHER_PASSWORD}", OTHER_PASSWORD),
        ("{REDIRECT_URI}", REDIRECT_URI),
        ("{CLIENT_ID}", CLIENT_ID),
        ("{CLIENT_SECRET}", CLIENT_SECRET),
        ("{CLIENT_ID_AT_CALENDAR}", CLIENT_ID_AT_CALENDAR),
        ("{CLIENT_SECRET_AT_CALENDAR}", CLIENT_SECRET_AT_CALENDAR),
        ("{CLIENT_ID_AT_CHAT}", CLIENT_ID_AT_CHAT),
        ("{CLIENT_SECRET_AT_CHAT}", CLIENT_SECRET_AT_CHAT),
        ("{MCP_CLIENT_ID}", MCP_CLIENT_ID),
        ("{MCP_CLIENT_SECRET}", MCP_CLIENT_SECRET),
        ("{OTHER_CLIENT_ID_AT_CALENDAR}", OTHER_CLIENT_ID_AT_CALENDAR),
        ("{OTHER_CLIENT_SECRET_AT_CALENDAR}", OTHER_CLIENT_SECRET_AT_CALENDAR),
    ]
    .into_iter()
    .fold(DIRECTORY.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_filled_in_and_well_formed() {
        let text = directory("http://127.0.0.1:1/mcp", "http://127.0.0.1:2/mcp");
        let directory: toml::Table = text.parse().unwrap();
        assert_eq!(directory["client"].as_array().unwrap().len(), 5);
        let left = text.lines().find(|line| line.contains("\"{"));
        assert_eq!(left, None);
        for client in directory["client"].as_array().unwrap() {
            assert!(client["client_secret"].as_str().unwrap().len() >= 32);
        }
    }
}
