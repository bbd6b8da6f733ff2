"""Hosts with their machines, ended with the tests that use them."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest"))

from host import BINARY, Host  # noqa: E402  (the guest's module has to be found first)

hosts = []


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    """The SDK reads proxy settings from the environment; these tests stay on the loopback."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        yield


@pytest.fixture
def new_host():
    """Makes hosts that end with the test."""
    if not BINARY.is_file():
        pytest.fail(f"no server at {BINARY}: cargo build -p diskdock", pytrace=False)
    made = []

    def make():
        made.append(Host())
        hosts.append(made[-1])
        return made[-1]

    yield make
    for host in made:
        host.close()
        hosts.remove(host)


@pytest.fixture
def host(new_host):
    """A host whose server runs."""
    return new_host().start()


@pytest.fixture(scope="module")
def shared():
    """A host with one Running guest, for the tests of a file that leave both as they found them."""
    host = Host()
    hosts.append(host)
    try:
        host.start()
        host.machine = host.ready()
        yield host
    finally:
        host.close()
        hosts.remove(host)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for host in hosts:
            report.sections.append(("log of the server", host.log_tail()))
            for console in host.data.glob("machines/*/run/console.log"):
                report.sections.append((str(console), console.read_text(errors="replace")[-1000:]))
    return report


def pytest_terminal_summary(terminalreporter):
    """What tests measured, whether they passed or not."""
    measured = [(report.nodeid, name, value) for reports in terminalreporter.stats.values() for report in reports
                for name, value in getattr(report, "user_properties", [])
                if getattr(report, "when", None) == "call"]
    for node, name, value in measured:
        terminalreporter.write_line(f"{node}: {name}: {value}")
