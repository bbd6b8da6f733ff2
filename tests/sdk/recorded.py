"""What the clients did, as the servers counted it, and the table of it in docs/clients.md.

Around each test, the metrics of all servers are read: the actions that were answered with success in between are the
client's. A whole run has to find exactly the table of docs/clients.md; `tests/sdk/run --write-clients` writes it.
"""

import collections
import re

import pytest

from clients import BY_SLUG, CLIENTS, WORKFLOWS
from server import REPOSITORY

PAGE = REPOSITORY / "docs" / "clients.md"
SUCCEEDED = re.compile(r'^diskdock_requests_total\{action="([^"]+)",code="OK"\} (\d+)$', re.MULTILINE)
YES, NO = "✓", "–"

HEAD = """\
# Clients

Which clients were seen to do what, each as its registry serves it, unmodified, against the built program. This page is
written by `tests/sdk/run --write-clients` from what the servers of the tests counted; a whole run of the tests fails when
it says anything else. How the tests are made: [tests/sdk](../tests/sdk/README.md).
"""


def successes(servers):
    """The number of successful calls by action, over all servers."""
    counted = collections.Counter()
    for server in servers:
        counted.update({action: int(count) for action, count in SUCCEEDED.findall(server.metrics())})
    return counted


class Recorder:
    """Collects, on the process that sees all reports, what the tests that passed have recorded."""

    def __init__(self, config):
        self.config = config
        self.actions = collections.defaultdict(set)
        self.workflows = collections.defaultdict(set)
        self.failed = False
        self.difference = None

    def pytest_runtest_logreport(self, report):
        self.failed = self.failed or report.failed
        if report.when == "call" and report.passed:
            told = dict(report.user_properties)
            if "client" in told:
                self.actions[told["client"]].update(told["actions"])
                self.workflows[told["client"]].update(told["workflows"])

    def is_whole(self):
        """Every test ran: nothing was selected."""
        option = self.config.option
        of_files = [path for path in self.config.args if not (REPOSITORY / "tests/sdk").samefile(path.split("::")[0])]
        chosen = [option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob, of_files]
        return not any(chosen) and not option.collectonly

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if self.failed or not self.actions or not self.is_whole():
            return
        text = page(self.actions, self.workflows)
        if self.config.option.write_clients:
            PAGE.write_text(text)
        missing = list(unseen(self.workflows))
        if missing or not PAGE.is_file() or PAGE.read_text() != text:
            self.difference = missing or ["docs/clients.md is not what was recorded: tests/sdk/run --write-clients"]
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        for line in self.difference or []:
            terminalreporter.write_line(f"FAILED {line}", red=True)


def unseen(workflows):
    """Workflows that a client neither showed nor lacks, and those that it showed although it should lack them."""
    for client in CLIENTS:
        for workflow in WORKFLOWS:
            if (workflow in workflows[client.slug]) == (workflow in client.lacks):
                yield f"{client.title}: {workflow} is neither shown nor lacking, or both"


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def of_client(client):
    packages = "<br>".join(f"`{package.name}` {package.version()}" for package in client.packages) or NO
    return client.title, packages, client.how


def page(actions, workflows):
    titles = [client.title for client in CLIENTS]
    every = sorted(set().union(*actions.values()), key=lambda action: ("." in action, action))
    lacking = [
        f"- {client.title}, {workflow}: {why}." for client in CLIENTS for workflow, why in client.lacks.items()]
    lines = [
        HEAD,
        *table(["Client", "Package", "How"], map(of_client, CLIENTS)),
        "\n## Workflows\n",
        *table(["", *titles], (
            [workflow, *(YES if workflow in workflows[client.slug] else NO for client in CLIENTS)]
            for workflow in WORKFLOWS)),
        f"\nWhat is {NO} cannot be done with the client itself:\n",
        *lacking,
        "\n## Actions\n",
        f"{YES}: the client made the call and was answered with success.\n",
        *table(["Action", *titles], (
            [f"`{action}`", *(YES if action in actions[client.slug] else "" for client in CLIENTS)]
            for action in every)),
    ]
    return "\n".join(lines) + "\n"


def client_of(item):
    """The slug of the client that a test drives, of its closest mark; None of a test without."""
    mark = item.get_closest_marker("client")
    return BY_SLUG[mark.args[0]].slug if mark else None


def workflows_of(item):
    return [mark.args[0] for mark in item.iter_markers("workflow")]


def note(item, servers, before):
    """Keeps with a test that passed what its client did."""
    client = client_of(item)
    if client is not None:
        item.user_properties += [
            ("client", client), ("actions", sorted(successes(servers) - before)), ("workflows", workflows_of(item))]
