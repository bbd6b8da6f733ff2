"""A server: one that is started here, or one that runs already."""

import json
import subprocess
from collections.abc import Sequence
from types import TracebackType

from ._controls import Controls
from ._program import program
from ._world import World

_ENDS_WITHIN_S = 5


class Server:
    """A server of simulated machines that ends with this process, or a running one at `url`.

    `options` are options of `diskdock serve`, such as `["--throttle"]`.
    """

    def __init__(self, options: Sequence[str] = (), *, url: str | None = None, admin_token: str | None = None):
        self._process: subprocess.Popen[str] | None = None
        if url is None:
            url, admin_token = self._start(options)
        self.url = url.rstrip("/") if "://" in url else f"http://{url}"
        self.admin_token = admin_token
        self.controls = Controls(f"{self.url}/_diskdock", admin_token)

    def _start(self, options: Sequence[str]) -> tuple[str, str]:
        command = [program(), "serve", "--ephemeral", "--child", "--quiet", "--listen", "127.0.0.1:0", *options]
        # It ends when its standard input does, even if this process is killed.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        with self._process.stdout as output:
            line = output.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} ended with exit code {self._process.wait()}")
        told = json.loads(line)
        return told["endpoint"], told["admin_token"]

    def world(self, name: str | None = None, *, source: str | None = None) -> World:
        """A new world: empty, or a copy of `source`."""
        return World(self, self.controls.post("/worlds", {"name": name, "from": source}))

    def stop(self) -> None:
        """Ends the server, if it was started here."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
