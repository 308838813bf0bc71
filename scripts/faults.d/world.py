"""What the run is done to: a disk of its own, PostgreSQL on it, and the nodes."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FAKETIME = [pathlib.Path(f"/usr/lib/{it}/faketime/libfaketimeMT.so.1")
            for it in ("x86_64-linux-gnu", "aarch64-linux-gnu")]


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def quiet(*command, **options):
    return subprocess.run([str(it) for it in command], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


class Disk:
    """A small file system in a file, which can be full without that anybody else suffers."""

    def __init__(self, folder, megabytes):
        self.path, self.mounted = folder / "disk", False
        self.path.mkdir()
        image = folder / "image"
        try:
            with open(image, "wb") as file:
                file.truncate(megabytes << 20)
            quiet("mkfs.ext4", "-q", "-F", "-m", "0", image)
            quiet("mount", "-o", "loop", image, self.path)
            self.mounted, self.kind = True, "ext4 in a file"
        except (OSError, subprocess.CalledProcessError):
            try:
                quiet("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.path)
                self.mounted, self.kind = True, "tmpfs"
            except (OSError, subprocess.CalledProcessError):
                self.kind = "none of its own: no fault of a full disk (mounting takes root)"

    def fill(self):
        with open(self.path / "filler", "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    pass

    def free(self):
        (self.path / "filler").unlink(missing_ok=True)

    def end(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=False)


class Postgres:
    """With fsync, as it comes. It refuses to run as root."""

    def __init__(self, programs, folder):
        self.programs, self.data, self.port = programs, folder / "postgres", free_port()
        # Beside the disk that will be full.
        self.log = folder.parent / "postgres.log"
        self.log.touch()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
            shutil.chown(self.log, "postgres")
        self.run("initdb", f"--pgdata={self.data}", "--username=tegata", "--auth=trust",
                 "--encoding=UTF8", "--locale=C.UTF-8")
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\n"
                       "unix_socket_directories=''\nmax_wal_size=128MB\nmin_wal_size=32MB\n")
        self.start()

    def run(self, program, *arguments):
        user = ["runuser", "--user", "postgres", "--"] if os.geteuid() == 0 else []
        return quiet(*user, f"{self.programs}/{program}", *arguments, cwd="/")

    def pid(self):
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def start(self):
        """What a supervisor does: tries until it is up."""
        for _ in range(60):
            try:
                self.run("pg_ctl", "start", "--wait", "--silent", f"--pgdata={self.data}",
                         f"--log={self.log}")
                return
            except subprocess.CalledProcessError as error:
                said = error.stdout.decode()
                time.sleep(0.5)
        raise RuntimeError(f"PostgreSQL does not start: {said}")

    def kill(self):
        if pid := self.pid():
            os.kill(pid, signal.SIGKILL)

    def query(self, sql):
        done = self.run("psql", "-At", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tegata",
                        "-d", "postgres", "-c", sql)
        return done.stdout.decode().strip()

    def end(self):
        subprocess.run(["kill", "-QUIT", str(self.pid() or "")], check=False, stderr=subprocess.DEVNULL)


class Node:
    """A process, by the port that it listens on, and the one where it is asked."""

    def __init__(self, world, name, database):
        self.world, self.name, self.port, self.front = world, name, free_port(), free_port()
        self.process, self.expected_dead = None, True
        self.config = world.folder / f"{name}.toml"
        self.config.write_text(
            f'public_url = "{world.public_url}"\nlisten = "127.0.0.1:{self.port}"\n'
            f'database = "{database}"\nkey_file = "{world.folder}/tegata.key"\n'
            '[outbound]\nallow_private_networks = true\n[log]\nformat = "json"\nlevel = "info"\n')

    def start(self, shift=0):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TEGATA_")}
        if shift:
            environment |= {"LD_PRELOAD": str(self.world.faketime), "FAKETIME": f"{shift:+d}s",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        log = open(self.world.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen([self.world.tegata, "serve", "--config", str(self.config)],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self.expected_dead = False

    def signal(self, which):
        self.process.send_signal(which)

    def kill(self):
        self.expected_dead = True
        self.process.kill()
        self.process.wait()

    def died(self):
        return not self.expected_dead and self.process.poll() is not None

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class World:
    def __init__(self, tegata, programs, kind):
        self.tegata, self.kind = str(pathlib.Path(tegata).resolve()), kind
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tegata-faults."))
        self.folder.chmod(0o755)
        self.host = f"127.0.0.1:{free_port()}"
        self.public_url = f"http://{self.host}"
        self.faketime = next((it for it in FAKETIME if it.exists()), None)
        self.disk = Disk(self.folder, 768)
        self.postgres, self.proxies, databases = None, [], []
        if kind == "postgres":
            self.postgres = Postgres(programs, self.disk.path)
            back = [free_port(), free_port()]
            self.database_proxy = self.proxy([f"{it}:{self.postgres.port}" for it in back])
            databases = [f"postgres://tegata@127.0.0.1:{it}/postgres" for it in back]
        else:
            databases = [f"sqlite:{self.disk.path}/tegata.db"]
        self.nodes = [Node(self, f"node-{n}", it) for n, it in enumerate(databases, 1)]
        self.ports = [it.front for it in self.nodes]
        self.client_proxy = self.proxy([f"{it.front}:{it.port}" for it in self.nodes])
        directory = HERE.parents[1] / "tests/support/directory.toml"
        time.sleep(0.5)
        self.command("apply", directory)

    def proxy(self, pairs):
        process = subprocess.Popen([sys.executable, str(HERE / "proxy.py"), *pairs])
        self.proxies.append(process)
        return process

    def command(self, *arguments):
        try:
            return quiet(self.tegata, *arguments, "--config", self.nodes[0].config).stdout.decode()
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"tegata {arguments[0]}: {error.stdout.decode()}") from error

    def end(self, keep):
        for node in self.nodes:
            node.end()
        for process in self.proxies:
            process.kill()
        if self.postgres:
            self.postgres.end()
            time.sleep(1)
        self.disk.end()
        if keep:
            print(f"logs and configuration are in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
