//! The API: once without a token, once with it, and an MCP server once for more than it allows.

use serde_json::{Value, json};
use url::Url;

use super::agent::{Agent, Api, Target, Token};
use super::explain;
use super::failure::Failure;
use super::mcp;
use super::report::{Finding, Step};
use super::wire::Request;
use crate::oauth::Scope;

/// A stranger knocks and is told where to get a token (RFC 9728 §5.1, ID-JAG A.4).
pub(super) async fn knock(
    agent: &Agent,
    target: &Target,
    api: &Api,
    step: &mut Step,
) -> Result<(), Failure> {
    let answer = Request::get(&api.url).send(&agent.http, &[], step).await?;
    let challenge = answer.reply.header("www-authenticate").unwrap_or_default();
    let status = answer.reply.status;
    let Some(metadata) = parameter(challenge, "resource_metadata") else {
        let expected = "401 with WWW-Authenticate and resource_metadata";
        return Err(Failure::Status { url: answer.url, status, expected });
    };
    let refused =
        Finding::check("status", status.to_string(), "nothing without a token", status == 401);
    step.found("The challenge", vec![refused]);

    let show = ["resource", "authorization_servers", "scopes_supported"];
    let answer = Request::get(&metadata).send(&agent.http, &show, step).await?;
    let answer = answer.ok("200 with resource metadata")?;
    let resource = answer.text("resource").unwrap_or_default();
    let servers = answer.members.get("authorization_servers").and_then(Value::as_array);
    let trusts = servers.is_some_and(|it| it.iter().any(|one| one == &target.service));
    let servers = answer.members.get("authorization_servers").map(explain::plain);
    let mut findings = vec![Finding::check(
        "authorization_servers",
        servers.unwrap_or_default(),
        "the service whose tokens it takes",
        trusts,
    )];
    findings.push(match &target.resource {
        Some(expected) => Finding::same("resource", resource, expected, "what the token is for"),
        // RFC 9728 §3.3 asks for the very URL; an API with many of them names their beginning.
        None => Finding::check("resource", resource, "the API itself", covers(resource, &api.url)),
    });
    step.found("Metadata of the API", findings);
    Ok(())
}

/// With the token the door is open, as far as the scope goes.
pub(super) async fn call(
    agent: &Agent,
    api: &Api,
    token: &Token,
    step: &mut Step,
) -> Result<(), Failure> {
    let bearer = format!("Bearer {}", token.text);
    let Some(tools) = &api.tools else {
        let request = Request::get(&api.url).header("authorization", bearer);
        let status = request.send(&agent.http, &[], step).await?.reply.status;
        let meaning = match status {
            405 => "it takes no GET; of an MCP server, name a --tool",
            _ => "open",
        };
        let open = Finding::check("status", status.to_string(), meaning, status == 200);
        step.found("With the token", vec![open]);
        return Ok(());
    };
    let request = mcp::call(&api.url, &tools.read, &json!({})).header("authorization", &bearer);
    let answer = request.send(&agent.http, mcp::SHOWN, step).await?;
    step.found("With the token", vec![mcp::done(&answer, "open")]);
    let Some((tool, arguments)) = &tools.write else {
        return Ok(());
    };

    let request = mcp::call(&api.url, tool, arguments).header("authorization", bearer);
    let answer = request.send(&agent.http, mcp::SHOWN, step).await?;
    let challenge = answer.reply.header("www-authenticate").unwrap_or_default();
    let wanted = parameter(challenge, "scope").unwrap_or_default();
    let given = token.claims.get("scope").map(explain::plain).unwrap_or_default();
    let enough = match (Scope::parse(&given), Scope::parse(&wanted)) {
        (Ok(given), Ok(wanted)) => given.covers(&wanted),
        _ => false,
    };
    // RFC 6750 §3.1.
    let code = parameter(challenge, "error").unwrap_or_default();
    let finding = match answer.reply.status {
        403 => {
            let meaning = format!("needs {wanted}, the token has {given}");
            Finding::check("error", &code, meaning, code == "insufficient_scope" && !enough)
        }
        _ => mcp::done(&answer, "the scope allows it"),
    };
    step.found("And writing", vec![finding]);
    Ok(())
}

/// Whether `url` lies at or below `resource`.
fn covers(resource: &str, url: &str) -> bool {
    match (Url::parse(resource), Url::parse(url)) {
        (Ok(resource), Ok(url)) => {
            resource.origin() == url.origin() && url.path().starts_with(resource.path())
        }
        _ => false,
    }
}

/// A parameter of a `WWW-Authenticate` challenge (RFC 9110 §11.2).
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    loop {
        let at = rest.find(&format!("{name}="))?;
        let begins = rest[..at].chars().next_back().is_none_or(|c| c == ' ' || c == ',');
        rest = &rest[at + name.len() + 1..];
        if begins {
            break;
        }
    }
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map(|(value, _)| value.to_owned()),
        None => rest.split([',', ' ']).next().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_challenge() {
        let challenge = r#"Bearer error="insufficient_scope", x_scope="no", scope="a b", realm=r"#;
        assert_eq!(parameter(challenge, "scope").unwrap(), "a b");
        assert_eq!(parameter(challenge, "realm").unwrap(), "r");
        assert_eq!(parameter(challenge, "resource_metadata"), None);
    }
}
