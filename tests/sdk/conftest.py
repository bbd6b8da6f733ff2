"""The servers that the clients talk to, and their logs beside a failure."""

import os

import pytest

pytest.register_assert_rewrite("stories", "workflows", "wire_client")

import recorded  # noqa: E402  (the rewrite has to be registered first)
from server import BINARY, Server, new_database  # noqa: E402

# Long enough that a client which polls is certain to see Attaching and Detaching.
SLOW_PACE = "500ms"

running = []


def pytest_addoption(parser):
    parser.addoption(
        "--write-clients", action="store_true", help="write docs/clients.md from what a whole run has recorded")


def pytest_configure(config):
    config.addinivalue_line("markers", "client(slug): the client of clients.py that the test drives")
    config.addinivalue_line("markers", "workflow(name): the workflow of clients.py that the test shows")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(recorded.Recorder(config))


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    """The clients read proxy settings from the environment; these tests stay on the loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "NO_PROXY", "127.0.0.1")
        patch.setitem(os.environ, "no_proxy", "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """Starts servers with the options asked for; all of them end with the session."""
    if not BINARY.is_file():
        pytest.fail(f"no server at {BINARY}: build it, or name it in DISKDOCK_BIN", pytrace=False)

    def start(*options, database=None):
        database = database or new_database()
        server = Server(tmp_path_factory.mktemp("server") / "log", *options, database=database)
        running.append(server)
        server.wait_until_healthy()
        return server

    yield start
    while running:
        running.pop().stop()


@pytest.fixture(scope="session")
def server(start_server):
    """A server at its default pace."""
    return start_server()


@pytest.fixture(scope="session")
def slow_server(start_server):
    """A server whose attach and detach last long enough to be watched."""
    return start_server("--pace", SLOW_PACE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    before = recorded.successes(running)
    result = yield
    recorded.note(item, running, before)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for server in running:
            report.sections.append((f"log of {' '.join(server.command)}", server.log_tail()))
    return report
