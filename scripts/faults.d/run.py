"""The fault run. Started by scripts/faults, which says what it is for."""

import argparse
import asyncio
import collections
import json
import random
import signal
import sys
import time

from load import Agent, Record
from wire import Broken, Client
from world import World

AGENTS = 12

# How long a node may take to answer again after what was wrong with it is right.
PATIENCE = 10.0


class Run:
    def __init__(self, world, record, chance):
        self.world, self.record, self.random = world, record, chance
        self.slowest = collections.defaultdict(float)

    def kinds(self):
        kinds = ["node is killed", "node is stopped", "connections to nodes are cut"]
        if self.world.disk.mounted:
            kinds.append("disk is full")
        if self.world.faketime:
            kinds.append("node has another clock")
        if self.world.postgres:
            kinds += ["PostgreSQL is killed", "connections to PostgreSQL are cut"]
        return kinds

    def node(self):
        return self.random.choice(self.world.nodes)

    async def hold(self, least, most):
        await asyncio.sleep(self.random.uniform(least, most))

    async def do(self, kind):
        node = self.node()
        if kind == "node is killed":
            node.kill()
            await self.hold(0.1, 2)
            node.start()
        elif kind == "node is stopped":
            node.signal(signal.SIGSTOP)
            await self.hold(1, 6)
            node.signal(signal.SIGCONT)
        elif kind == "connections to nodes are cut":
            for _ in range(self.random.randint(1, 10)):
                self.world.client_proxy.send_signal(signal.SIGUSR1)
                await self.hold(0.05, 0.4)
        elif kind == "connections to PostgreSQL are cut":
            for _ in range(self.random.randint(1, 10)):
                self.world.database_proxy.send_signal(signal.SIGUSR1)
                await self.hold(0.05, 0.4)
        elif kind == "disk is full":
            await asyncio.to_thread(self.world.disk.fill)
            await self.hold(1, 4)
            self.world.disk.free()
            if self.world.postgres and not self.world.postgres.pid():
                # It ends itself when it cannot write its log; a supervisor starts it.
                await asyncio.to_thread(self.world.postgres.start)
        elif kind == "PostgreSQL is killed":
            self.world.postgres.kill()
            await self.hold(0.1, 2)
            await asyncio.to_thread(self.world.postgres.start)
        elif kind == "node has another clock":
            shift = self.random.choice([-290, -60, 60, 290])
            self.record.skewed = True
            await asyncio.to_thread(node.kill)
            node.start(shift)
            await self.answers_again(kind)
            await self.hold(1, 3)
            await asyncio.to_thread(node.kill)
            node.start()

    async def answers_again(self, kind):
        """Each node gives out a token, within the time that it has."""
        begun = time.monotonic()
        for node in self.world.nodes:
            while not await self.answers(node):
                if time.monotonic() - begun > PATIENCE:
                    self.record.violation(f"{node.name} does not answer: {kind}")
                    break
                await asyncio.sleep(0.05)
        self.slowest[kind] = max(self.slowest[kind], time.monotonic() - begun)

    async def answers(self, node):
        agent = Agent(self.world, self.record, 0)
        agent.clients = [Client(node.front, self.world.host)]
        params = {"grant_type": "client_credentials"}
        status, answer = await asyncio.wait_for(
            agent.token("/services/chat", "nightly-report", params), 30)
        agent.clients[0].close()
        if status == 200:
            self.record.keep(answer["access_token"])
        return status == 200

    async def rounds(self, count):
        kinds = self.kinds()
        plan = [kinds[number % len(kinds)] for number in range(count)]
        self.random.shuffle(plan)
        for number, kind in enumerate(plan, 1):
            await self.hold(0.5, 1.5)
            before, begun = len(self.record.tokens), time.monotonic()
            print(f"{number:3} {kind}", end="", flush=True)
            await self.do(kind)
            lifted = time.monotonic()
            await self.answers_again(kind)
            if self.record.skewed:
                self.record.skewed, self.record.last_skew = False, time.monotonic()
            for node in self.world.nodes:
                if node.died():
                    self.record.violation(f"{node.name} ended by itself, with {node.process.returncode}")
                    node.start()
                    await self.answers_again(kind)
            print(f": {lifted - begun:.1f} s, answered {time.monotonic() - lifted:.2f} s after, "
                  f"{len(self.record.tokens) - before} tokens", flush=True)
        return collections.Counter(plan)


async def last_words(agents, record):
    """Every refresh token that an agent holds and that nobody doubts is good."""
    for agent in agents:
        if agent.refresh_token and not agent.in_doubt:
            await agent.refresh()
            record.counts["refresh tokens tried at the end"] += 1
    for id_jag in list(record.used)[-300:]:
        status, _ = await agents[0].present(id_jag)
        if status == 200:
            record.violation("an ID-JAG was taken again at the end")


def judge(world, record):
    """What the ledger says, read with tegata's own command."""
    lines = world.command("ledger", "tail", "-n", "4000000000", "--json").splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    issued = collections.Counter(row["jti"] for row in rows if row["outcome"] == "issued" and row["jti"])
    for jti, times in record.tokens.items():
        if times != 1:
            record.violation(f"{jti} was given {times} times")
        if issued[jti] != 1:
            record.violation(f"{jti} was received and has {issued[jti]} rows")
    id_jags = {row["jti"] for row in rows if row["event"] == "id_jag" and row["outcome"] == "issued"}
    children = collections.Counter(row["parent"] for row in rows
                                   if row["event"] == "access_token" and row["outcome"] == "issued")
    for jti in id_jags:
        if children[jti] > 1:
            record.violation(f"the ID-JAG {jti} has {children[jti]} access tokens")
    if world.postgres:
        counted = int(world.postgres.query("SELECT count(*) FROM ledger"))
        if counted != len(rows):
            record.violation(f"tegata ledger shows {len(rows)} rows of {counted}")
    return len(rows), len(id_jags), sum(children[jti] for jti in id_jags)


async def main():
    parser = argparse.ArgumentParser(prog="scripts/faults")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--database", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--tegata", required=True)
    parser.add_argument("--postgres", default="")
    parser.add_argument("--keep", action="store_true", help="keep logs and configuration")
    options = parser.parse_args()

    world, record = World(options.tegata, options.postgres, options.database), Record()
    try:
        nodes = len(world.nodes)
        print(f"seed {options.seed}; {nodes} node{'s' * (nodes > 1)} on {options.database}; "
              f"disk: {world.disk.kind}; clocks: {'faketime' if world.faketime else 'no faketime, so no fault of clocks'}")
        for node in world.nodes:
            node.start()
        run = Run(world, record, random.Random(options.seed))
        await run.answers_again("start")
        agents = [Agent(world, record, f"{options.seed} {n}") for n in range(AGENTS)]
        tasks = [asyncio.create_task(agent.go_on()) for agent in agents]
        while len(record.used) < 20 and not any(task.done() for task in tasks):
            await asyncio.sleep(0.1)
        record.counts.clear()
        begun, before = time.monotonic(), len(record.tokens)
        done = await run.rounds(options.rounds)
        took, received = time.monotonic() - begun, len(record.tokens) - before
        record.stop = True
        await asyncio.gather(*tasks)
        await last_words(agents, record)
        rows, id_jags, redeemed = await asyncio.to_thread(judge, world, record)
        report(run, record, done, took, received)
        print(f"ledger: {rows} rows, {id_jags} ID-JAGs, {redeemed} redeemed; "
              f"all {len(record.tokens)} tokens that were received were looked for")
    finally:
        world.end(options.keep or bool(record.violations))
    print(f"violations: {len(record.violations)}")
    return 1 if record.violations else 0


def report(run, record, done, took, received):
    print(f"\n{'fault':40} times  slowest to answer again")
    for kind, times in sorted(done.items()):
        print(f"{kind:40} {times:5}  {run.slowest[kind]:.2f} s")
    print(f"\n{took:.0f} s, {received} tokens received ({received / took:.0f}/s)")
    print("answers: " + ", ".join(f"{k} {v}" for k, v in sorted(record.counts.items())))


sys.exit(asyncio.run(main()))
