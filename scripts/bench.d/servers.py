"""The servers that are measured: started and stopped here, and what they use of the machine."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import world

HERE = pathlib.Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A process that answers /readyz once it can serve."""

    postgres = None
    longest_start = 60

    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder, name)
        self.folder.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Returns the seconds from the start of the process to its first 200."""
        begin = time.perf_counter()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, "NODE_ENV": "production"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not self.is_ready():
            if self.process.poll() is not None or time.perf_counter() - begin > self.longest_start:
                raise SystemExit(f"{self.name} does not start:\n{self.log()}")
            time.sleep(0.0005)
        return time.perf_counter() - begin

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.longest_start)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def cpu(self):
        """Seconds of user and system time: of the server, and of its database's processes."""
        database = self.postgres.cpu() if self.postgres else 0.0
        return cpu_of(self.process.pid)[0], database

    def resident(self):
        """MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


class Tegata(Server):
    kind = "tegata"
    token, authorize, jwks = "/oauth2/token", "/oauth2/authorize", "/oauth2/jwks"

    def __init__(self, name, folder, program, postgres=None, applied=True):
        super().__init__(name, folder)
        self.program, self.postgres = program, postgres
        database = postgres.new_database() if postgres else "sqlite:tegata.db"
        self.database = database
        self.chat = f"{self.url}/services/chat"
        self.archive = f"{self.url}/services/archive"
        world.write(self.folder, self.port, database)
        if applied:
            self.apply()

    def apply(self):
        apply = [self.program, "apply", "directory.toml", "--config", "tegata.toml"]
        done = subprocess.run(apply, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(apply)}\n{done.stdout}{done.stderr}")

    def command(self):
        return [self.program, "serve", "--config", "tegata.toml"]

    @property
    def file(self):
        """The SQLite database."""
        return self.folder / "tegata.db"


class Bare(Server):
    kind = "bare"

    def __init__(self, name, folder, program):
        super().__init__(name, folder)
        self.program = program

    def command(self):
        return [self.program, f"127.0.0.1:{self.port}", "rows.db"]


class Rival(Server):
    """node oidc-provider."""

    kind = "rival"
    token, authorize, jwks = "/token", "/auth", "/jwks"

    def __init__(self, name, folder, modules, postgres=None):
        super().__init__(name, folder)
        self.modules, self.postgres = modules, postgres
        self.database = postgres.new_database() if postgres else None

    def command(self):
        node = next(self.modules.glob("node_modules/node-linux-*/bin/node"), None)
        node = node or shutil.which("node")
        database = [self.database] if self.database else []
        return [str(node), str(self.modules / "server.js"), str(self.port), *database]


class Postgres:
    """The PostgreSQL that `scripts/bench` started; its processes are all for one measurement."""

    def __init__(self, url, programs, folder):
        self.url, self.programs = url, pathlib.Path(programs)
        pid_file = pathlib.Path(folder, "data", "postmaster.pid")
        self.postmaster = int(pid_file.read_text().split()[0])
        self.databases = 0

    def new_database(self):
        self.databases += 1
        name = f"bench_{self.databases}"
        self.psql(self.url, f"CREATE DATABASE {name}")
        return urllib.parse.urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def psql(self, url, sql):
        psql = [
            self.programs / "psql",
            "--no-psqlrc",
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-F",
            "\x1f",
            url,
        ]
        done = subprocess.run(psql, input=sql, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"psql: {sql}\n{done.stderr}")
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def cpu(self):
        """Of the postmaster, of its children, and of those that have ended."""
        own, ended = cpu_of(self.postmaster)
        children = pathlib.Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children")
        total = own + ended
        for child in children.read_text().split():
            try:
                total += cpu_of(int(child))[0]
            except FileNotFoundError:
                pass
        return total


def cpu_of(pid):
    """Seconds of a process, and of the children that it has waited for; proc(5)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, ended = fields[11:13], fields[13:15]
    return tuple(sum(map(int, them)) / TICKS for them in (own, ended))


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]
