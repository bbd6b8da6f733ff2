"""Starts and ends the diskdock binary under test."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid

from waiting import wait_for

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
BINARY = pathlib.Path(os.environ.get("DISKDOCK_BIN", TARGET / "release" / "diskdock"))

ANSWERS_WITHIN_S = 10
ENDS_WITHIN_S = 5
LOG_TAIL_CHARACTERS = 20_000

# Straight to the server: a proxy of the machine must not see requests to the loopback.
# Whom the clients trust is a matter of the tests.
_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),  # noqa: S323
)


def free_port():
    """A port that was free a moment ago; nothing else on a test machine takes it in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def new_database():
    """A database in the PostgreSQL server that DISKDOCK_TEST_POSTGRES names (tests/postgres/with); none without."""
    server = os.environ.get("DISKDOCK_TEST_POSTGRES")
    if not server:
        return None
    name = f"sdk_{uuid.uuid4().hex}"
    subprocess.run(["psql", f"{server}/postgres", "--quiet", "--command", f"CREATE DATABASE {name}"], check=True)
    return f"{server}/{name}"


class Server:
    """One running `diskdock serve`, forgotten when it ends. Its state is in a database, if it is given one."""

    def __init__(self, log_path, *options, database=None):
        self.port = free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self.log_path = pathlib.Path(log_path)
        directory = self.log_path.parent / f"data-{self.port}"
        state = ["--store", database, "--data-dir", str(directory)] if database else ["--ephemeral"]
        self.scheme = "https" if "--tls-cert" in options else "http"
        self.command = [str(BINARY), "serve", *state, "--listen", self.endpoint, *options]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_healthy(self):
        wait_for(self._is_healthy, within_s=ANSWERS_WITHIN_S, what=f"an answer of {' '.join(self.command)}")

    def _is_healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.command} ended with {self.process.returncode}:\n{self.log_tail()}")
        try:
            with _DIRECT.open(f"{self.scheme}://{self.endpoint}/_diskdock/health", timeout=1) as answer:
                return answer.status == 200 and isinstance(json.load(answer), dict)
        except (urllib.error.URLError, OSError):
            return False

    def metrics(self):
        with _DIRECT.open(f"{self.scheme}://{self.endpoint}/metrics", timeout=ANSWERS_WITHIN_S) as answer:
            return answer.read().decode()

    def stop(self):
        """Asks first, so that the server's own shutdown runs, then insists."""
        self.process.terminate()
        try:
            self.process.wait(timeout=ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=ENDS_WITHIN_S)

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
