"""The pytest plugin: a world for each test, in one server for all of them."""

import os
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from ._server import Server
from ._world import World

_SERVER = pytest.StashKey[Server]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("diskdock")
    group.addoption("--diskdock-endpoint", metavar="URL", help="use the diskdock server that runs there")
    group.addoption("--diskdock-token", metavar="TOKEN", help="the admin token of that server")
    parser.addini("diskdock_options", "options of `diskdock serve`, such as --throttle", default="")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist: the controller has the server, and tells its workers where it is."""
    server = _server(node.config)
    node.workerinput["diskdock"] = [server.url, server.admin_token]


def pytest_unconfigure(config: pytest.Config) -> None:
    if server := config.stash.get(_SERVER, None):
        server.stop()


@pytest.fixture(scope="session")
def diskdock_server(pytestconfig: pytest.Config) -> Server:
    """The server of this run."""
    return _server(pytestconfig)


@pytest.fixture
def diskdock(diskdock_server: Server) -> Iterator[World]:
    """A world of its own for the test."""
    with diskdock_server.world() as world:
        yield world


def _server(config: pytest.Config) -> Server:
    if _SERVER not in config.stash:
        config.stash[_SERVER] = _find_or_start(config)
    return config.stash[_SERVER]


def _find_or_start(config: pytest.Config) -> Server:
    if shared := getattr(config, "workerinput", {}).get("diskdock"):
        url, admin_token = shared
        return Server(url=url, admin_token=admin_token)
    if url := config.getoption("--diskdock-endpoint") or os.environ.get("DISKDOCK_ENDPOINT"):
        token = config.getoption("--diskdock-token") or os.environ.get("DISKDOCK_ADMIN_TOKEN")
        return Server(url=url, admin_token=token)
    return Server(shlex.split(config.getini("diskdock_options")))
