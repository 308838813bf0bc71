"""Somebody at a browser, and the agent: what the loads need before they begin."""

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

REDIRECT_URI = "http://127.0.0.1:18765/callback"
PASSWORD = "alice-password"


class StopAtRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Person:
    """Has one browser, so that one sign-in does for many authorizations."""

    def __init__(self, server, username, client_id):
        self.server, self.username, self.client_id = server, username, client_id
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            StopAtRedirects,
            urllib.request.HTTPCookieProcessor(self.jar),
        )

    def tokens(self):
        """Authorizes once more and redeems the code."""
        verifier = secrets.token_urlsafe(32)
        back = self.allows(self.server.url + authorize(self.server, self.client_id, verifier))
        answer = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        if "code" not in answer:
            raise SystemExit(f"no code: {back}")
        form = {**redeem(verifier), "code": answer["code"][0]}
        request = urllib.request.Request(
            self.server.url + self.server.token,
            urllib.parse.urlencode(form).encode(),
            {"authorization": basic(self.client_id)},
        )
        with self.opener.open(request) as response:
            return json.load(response)

    def cookies(self):
        """What the browser would send to the authorization endpoint."""
        request = urllib.request.Request(self.server.url + self.server.authorize)
        self.jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def allows(self, url):
        """Fills in forms until a redirect leaves the issuer."""
        form = None
        for _ in range(10):
            status, location, page = self.visit(url, form)
            if status in (302, 303):
                url, form = urllib.parse.urljoin(url, location), None
                if not url.startswith(f"{self.server.url}/"):
                    return url
            elif status == 200:
                url, form = self.filled_in(url, page)
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

    def filled_in(self, url, page):
        form = re.search(r'<form\b[^>]*method="post".*?</form>', page, re.S | re.I)
        if not form:
            raise SystemExit(f"no form at {url}\n{page}")
        answers = {"username": self.username, "password": PASSWORD}
        fields = {}
        for tag in re.findall(r"<input\b[^>]*>", form[0]):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if name := attributes.get("name"):
                fields[name] = answers.get(name, unescape(attributes.get("value", "")))
        if 'name="decision"' in form[0]:
            fields["decision"] = "allow"
        action = re.search(r'<form\b[^>]*\saction="([^"]*)"', form[0])
        return urllib.parse.urljoin(url, unescape(action[1]) if action else url), fields


def authorize(server, client_id, verifier):
    """Path and query of an authorization request."""
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid offline_access",
        "state": "bench",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{server.authorize}?{urllib.parse.urlencode(query)}"


def redeem(verifier):
    """The form that redeems a code, all but the code."""
    return {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code_verifier": verifier,
    }


def basic(client_id):
    """All clients of the benchmarks have secrets of one form."""
    pair = f"{client_id}:{client_id}-secret-0123456789-0123456789"
    return "Basic " + base64.b64encode(pair.encode()).decode()
