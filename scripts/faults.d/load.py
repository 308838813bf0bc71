"""Agents that ask for tokens without end, and remember all that they were told."""

import asyncio
import base64
import collections
import hashlib
import json
import random
import re
import time
import urllib.parse

from wire import Broken, Client

CALLBACK = "http://127.0.0.1:18765/callback"
TYPE = "urn:ietf:params:oauth:"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

# How long after a node had another clock its tokens may still be refused by the others.
AFTERWARDS = 2.0


class Record:
    """What all agents were told, and what must not have happened."""

    def __init__(self):
        self.tokens = {}
        self.used = collections.deque(maxlen=3000)
        self.counts = collections.Counter()
        self.violations = []
        self.last_skew = -1000.0
        self.skewed = False
        self.stop = False

    def violation(self, text):
        self.violations.append(text)
        if len(self.violations) <= 30:
            print(f"\n  VIOLATION: {text}", flush=True)
        elif len(self.violations) == 31:
            print("\n  more violations, which are counted only", flush=True)

    def keep(self, jwt):
        part = jwt.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        self.tokens[claims["jti"]] = self.tokens.get(claims["jti"], 0) + 1
        return claims["jti"]

    def by_clock(self, since):
        """Whether a refusal of what was issued at `since` may be a matter of clocks."""
        return self.skewed or since < self.last_skew + AFTERWARDS


class Agent:
    def __init__(self, world, record, seed):
        self.world, self.record, self.random = world, record, random.Random(seed)
        self.clients = [Client(port, world.host) for port in world.ports]
        self.cookies, self.since = {}, 0.0
        self.id_token = self.refresh_token = None
        # How often the refresh token was shown without an answer.
        self.in_doubt = 0

    # --- requests

    def client(self):
        return self.random.choice(self.clients)

    async def token(self, base, client_id, params, client=None):
        """(status, json); status is 0 if no answer came, and of 5xx nobody knows either."""
        secret = base64.b64encode(f"{client_id}:{client_id}-secret-0123456789-0123456789".encode())
        headers = [FORM, ("Authorization", "Basic " + secret.decode())]
        body = urllib.parse.urlencode(params).encode()
        try:
            answer = await (client or self.client()).ask("POST", base + "/oauth2/token", headers, body)
        except Broken:
            self.record.counts["broken"] += 1
            await asyncio.sleep(0.05)
            return 0, {}
        self.record.counts[str(answer.status)] += 1
        if answer.status >= 500 or answer.status == 429:
            await asyncio.sleep(0.1)
            return answer.status, {}
        return answer.status, json.loads(answer.body)

    def refused(self, what, status, answer, since):
        """A refusal that must have a reason which we know."""
        if status == 400 and not self.record.by_clock(since):
            self.record.violation(f"{what} was refused: {answer.get('error_description')}")
        elif status == 400:
            self.record.counts["refused by the clock"] += 1

    # --- what an agent does

    async def itself(self):
        asked = time.monotonic()
        params = {"grant_type": "client_credentials"}
        status, answer = await self.token("/services/chat", "nightly-report", params)
        if status == 200:
            self.record.keep(answer["access_token"])
        self.refused("client_credentials", status, answer, asked)

    async def id_jag(self):
        if self.id_token is None:
            return None
        params = {
            "grant_type": TYPE + "grant-type:token-exchange",
            "requested_token_type": TYPE + "token-type:id-jag",
            "audience": self.world.public_url + "/services/chat",
            "subject_token": self.id_token,
            "subject_token_type": TYPE + "token-type:id_token",
        }
        status, answer = await self.token("", "wiki-agent", params)
        if status == 200:
            self.record.keep(answer["access_token"])
            return answer["access_token"]
        if not self.may_be_revoked(answer):
            self.refused("an ID token", status, answer, self.since)
        if status == 400:
            self.id_token = None
        return None

    async def present(self, id_jag, client=None):
        params = {"grant_type": TYPE + "grant-type:jwt-bearer", "assertion": id_jag}
        status, answer = await self.token("/services/chat", "wiki-at-chat", params, client)
        if status == 200:
            self.record.keep(answer["access_token"])
        return status, answer

    async def redeem(self):
        if id_jag := await self.id_jag():
            asked = time.monotonic()
            status, answer = await self.present(id_jag)
            self.refused("a new ID-JAG", status, answer, asked)
            if status == 200:
                self.record.used.append(id_jag)

    async def redeem_twice(self):
        """One ID-JAG at a time at all nodes, and twice at each."""
        if id_jag := await self.id_jag():
            more = [Client(client.port, client.host) for client in self.clients]
            told = await asyncio.gather(*(self.present(id_jag, it) for it in self.clients + more))
            for client in more:
                client.close()
            given = sum(status == 200 for status, _ in told)
            self.record.counts["presented at a time"] += len(told)
            if given > 1:
                self.record.violation(f"{given} tokens for one ID-JAG at a time")
            if given:
                self.record.used.append(id_jag)

    async def present_again(self):
        if self.record.used:
            id_jag = self.random.choice(self.record.used)
            status, _ = await self.present(id_jag)
            self.record.counts["presented again"] += 1
            if status == 200:
                self.record.violation("an ID-JAG was taken again")

    async def refresh(self):
        if self.refresh_token is None:
            return await self.begin()
        params = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        status, answer = await self.token("", "wiki-agent", params)
        if status == 200:
            self.take(answer)
        elif status == 400:
            # It had an effect that we were not told: then using it again ends the family, and
            # the answer says so. Anything else is a rotation that was lost.
            if not self.in_doubt:
                self.refused("a refresh token", status, answer, self.since)
            elif not self.was_used(answer) and not self.may_be_revoked(answer):
                self.refused("a refresh token in doubt", status, answer, self.since)
            else:
                self.record.counts["families ended by doubt"] += 1
            self.refresh_token = self.id_token = None
        else:
            self.in_doubt += 1
        return None

    def was_used(self, answer):
        return "already used" in answer.get("error_description", "")

    def may_be_revoked(self, answer):
        """The first time without an answer used the token up; the second one ended its family."""
        return self.in_doubt > 1 and "revoked" in answer.get("error_description", "")

    def take(self, answer):
        self.record.keep(answer["access_token"])
        self.record.keep(answer["id_token"])
        self.id_token, self.refresh_token = answer["id_token"], answer["refresh_token"]
        self.since, self.in_doubt = time.monotonic(), 0

    async def begin(self):
        """A code, redeemed at one node; and now and then at all of them at a time."""
        asked = time.monotonic()
        try:
            code = await self.code()
        except Broken:
            self.record.counts["broken"] += 1
            await asyncio.sleep(0.05)
            return
        if code is None:
            return
        params = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        at_once = self.clients if self.random.random() < 0.2 else [self.client()]
        told = await asyncio.gather(*(self.token("", "wiki-agent", params, it) for it in at_once))
        given = [answer for status, answer in told if status == 200]
        for answer in given:
            self.take(answer)
        if len(given) > 1:
            self.record.violation("two answers for one code")
        if len(at_once) == 1:
            self.refused("a new code", *told[0], asked)
        else:
            # Whoever came second took with it what the first was given (RFC 6749 §4.1.2).
            self.id_token = self.refresh_token = None

    async def code(self):
        """As a browser goes: to the authorization endpoint, and through what it asks."""
        query = {
            "response_type": "code",
            "client_id": "wiki-agent",
            "redirect_uri": CALLBACK,
            "scope": "openid offline_access",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        path, form = "/oauth2/authorize?" + urllib.parse.urlencode(query), None
        for _ in range(10):
            headers = [("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))]
            client = self.client()
            if form is None:
                answer = await client.ask("GET", path, headers)
            else:
                answer = await client.ask("POST", path, headers + [FORM], form)
            form = None
            for name, value in answer.headers:
                if name == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.split(";")[0]
            if answer.status >= 500 or answer.status == 429:
                self.record.counts[str(answer.status)] += 1
                await asyncio.sleep(0.1)
                return None
            if location := answer.header("location"):
                url = urllib.parse.urlsplit(location)
                sent = urllib.parse.parse_qs(url.query)
                if location.startswith(CALLBACK):
                    if "code" not in sent:
                        self.record.counts[f"sent back: {sent.get('error')}"] += 1
                        self.cookies = {}
                    return sent.get("code", [None])[0]
                path = url.path + ("?" + url.query if url.query else "")
                continue
            csrf = re.search(r'name="csrf"[^>]*value="([^"]*)"', answer.body.decode())
            if not csrf:
                # What was begun is not known any more, as with a session of another clock.
                self.record.counts["pages without a form"] += 1
                self.cookies = {}
                return None
            filled = {"csrf": csrf.group(1)}
            if path.startswith("/sign-in"):
                self.record.counts["sign-ins"] += 1
                filled |= {"username": "alice", "password": "alice-password"}
            else:
                filled["decision"] = "allow"
            form = urllib.parse.urlencode(filled).encode()
        self.record.counts["sign-ins that led nowhere"] += 1
        self.cookies = {}
        return None

    async def go_on(self):
        acts = [self.itself, self.redeem, self.refresh, self.redeem_twice, self.present_again, self.begin]
        weights = [30, 45, 10, 5, 8, 2]
        while not self.record.stop:
            if self.refresh_token is None or self.id_token is None:
                await self.refresh()
            await self.random.choices(acts, weights)[0]()
        for client in self.clients:
            client.close()
