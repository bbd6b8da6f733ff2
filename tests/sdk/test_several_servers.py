"""Two servers over one PostgreSQL: each call of a client goes to the other server than the one before.

Runs where DISKDOCK_TEST_POSTGRES names a PostgreSQL server: `tests/postgres/with tests/sdk/run -k several`.
"""

import itertools

import pytest

import stories
from common import KEY_SECRET
from server import new_database
from test_python_current import CurrentSdk, open_sdk


class InTurns:
    """The SDK's client of each server in turn."""

    def __init__(self, clients):
        self._clients = itertools.cycle(clients)

    def __getattr__(self, method):
        return getattr(next(self._clients), method)


@pytest.fixture(scope="module")
def endpoints(start_server):
    database = new_database()
    if database is None:
        pytest.skip("DISKDOCK_TEST_POSTGRES names no server")
    return [start_server("--pace", "500ms", database=database).endpoint for _ in range(2)]


@pytest.fixture
def connect(endpoints):
    def connect(_, secret=KEY_SECRET):
        sdks = [open_sdk(endpoint, secret, "v3") for endpoint in endpoints]
        return CurrentSdk(InTurns(sdks), asynchronous=False)

    return connect


@pytest.mark.client("python")
class TestCallsInTurns(stories.AllStories):
    """All that a client of one server is promised."""
