//! The application that sends people to tegata: a listener for its redirect URI, no more.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use url::Url;

/// RFC 7636 appendix B. Nobody redeems the codes of these tests.
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The page says by its title whether scripts run in this browser.
const PAGE: &str =
    "<!doctype html><title>back</title><script>document.title = 'scripts run'</script>";

pub(crate) struct Application {
    address: SocketAddr,
    issuer: String,
}

impl Application {
    /// Listens until the test's process ends.
    pub(crate) fn of(issuer: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(&stream)));
        Self { address, issuer: issuer.to_owned() }
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}/callback", self.address)
    }

    /// Where the application sends the person. `more` are further parameters.
    pub(crate) fn authorization_url(&self, more: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&format!("{}/oauth2/authorize", self.issuer)).expect("a URL");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", "todo-app")
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", "openid profile email")
            .append_pair("state", "here")
            .append_pair("code_challenge", CODE_CHALLENGE)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(more);
        url.into()
    }
}

/// Every request gets the page, also the one for an icon.
fn answer(mut stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
        PAGE.len(),
    );
}
