"""Alice at her browser, and the two clients: what the loads need before they begin."""

import base64
import hashlib
import http.cookiejar
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request
from html import unescape

WIKI = ("wiki-agent", "wiki-agent-secret-0123456789-0123456789")
REDIRECT_URI = "http://127.0.0.1:18765/callback"


class StopAtRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Person:
    """Has one browser, so that one sign-in does for many authorizations."""

    def __init__(self, issuer):
        self.issuer = issuer
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        straight = urllib.request.ProxyHandler({})
        self.opener = urllib.request.build_opener(straight, StopAtRedirects, cookies)

    def tokens(self):
        """Authorizes once more and redeems the code."""
        verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": WIKI[0],
            "redirect_uri": REDIRECT_URI,
            "scope": "openid offline_access",
            "state": "bench",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        back = self.allows(f"{self.issuer}/oauth2/authorize?{urllib.parse.urlencode(query)}")
        answer = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        }
        request = urllib.request.Request(
            f"{self.issuer}/oauth2/token",
            urllib.parse.urlencode(form).encode(),
            {"authorization": basic(*WIKI)},
        )
        with self.opener.open(request) as response:
            return json.load(response)

    def allows(self, url):
        """Fills in forms until a redirect leaves the issuer."""
        form = None
        for _ in range(10):
            status, location, page = self.visit(url, form)
            if status == 303:
                url, form = urllib.parse.urljoin(url, location), None
                if not url.startswith(f"{self.issuer}/"):
                    return url
            elif status == 200:
                url, form = filled_in(url, page)
            else:
                raise SystemExit(f"{url}: {status}\n{page}")
        raise SystemExit(f"still at {url}")

    def visit(self, url, form):
        data = form and urllib.parse.urlencode(form).encode()
        try:
            response = self.opener.open(url, data)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, response.headers.get("location"), response.read().decode()


def filled_in(url, page):
    form = re.search(r'<form\b[^>]*method="post".*?</form>', page, re.S | re.I)
    if not form:
        raise SystemExit(f"no form at {url}\n{page}")
    answers = {"username": "alice", "password": "alice-password"}
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if name := attributes.get("name"):
            fields[name] = answers.get(name, unescape(attributes.get("value", "")))
    if 'name="decision"' in form[0]:
        fields["decision"] = "allow"
    action = re.search(r'<form\b[^>]*\saction="([^"]*)"', form[0])
    return urllib.parse.urljoin(url, unescape(action[1]) if action else url), fields


def basic(client_id, secret):
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
