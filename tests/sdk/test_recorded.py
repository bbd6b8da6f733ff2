"""The comparison of docs/clients.md with what was recorded can fail."""

import types

import pytest

import recorded
from clients import CLIENTS, WORKFLOWS

SHOWN = {client.slug: set(WORKFLOWS) - set(client.lacks) for client in CLIENTS}
MADE = {client.slug: {"DetachDisk"} for client in CLIENTS}


@pytest.fixture
def finish(monkeypatch, tmp_path):
    """Ends a run that recorded something, beside a page of that text; gives its exit status and the page."""
    def finish(actions, text, *, workflows=SHOWN, write=False, keyword=""):
        monkeypatch.setattr(recorded, "PAGE", tmp_path / "clients.md")
        recorded.PAGE.write_text(text)
        option = types.SimpleNamespace(
            keyword=keyword, markexpr="", deselect=None, ignore=None, ignore_glob=None, collectonly=False,
            write_clients=write)
        args = [str(recorded.REPOSITORY / "tests" / "sdk")]
        recorder = recorded.Recorder(types.SimpleNamespace(option=option, args=args))
        recorder.actions.update(actions)
        recorder.workflows.update(workflows)
        session = types.SimpleNamespace(exitstatus=pytest.ExitCode.OK)
        recorder.pytest_sessionfinish(session)
        return session.exitstatus, recorded.PAGE.read_text()

    return finish


def test_whole_run_passes_beside_the_page_of_what_it_recorded(finish):
    text = recorded.page(MADE, SHOWN)
    assert finish(MADE, text) == (pytest.ExitCode.OK, text)


def test_whole_run_fails_beside_another_page_and_keeps_it(finish):
    assert finish(MADE, "old") == (pytest.ExitCode.TESTS_FAILED, "old")


def test_whole_run_that_writes_passes_and_leaves_the_new_page(finish):
    assert finish(MADE, "old", write=True) == (pytest.ExitCode.OK, recorded.page(MADE, SHOWN))


def test_run_of_some_tests_compares_and_writes_nothing(finish):
    assert finish(MADE, "old", write=True, keyword="node") == (pytest.ExitCode.OK, "old")


def test_whole_run_fails_without_a_workflow_that_a_client_does_not_lack(finish):
    workflows = {**SHOWN, "python": SHOWN["python"] - {"tags"}}
    text = recorded.page(MADE, workflows)
    assert finish(MADE, text, workflows=workflows)[0] == pytest.ExitCode.TESTS_FAILED


def test_successes_counts_answers_of_success_only():
    metrics = ('diskdock_requests_total{action="DetachDisk",code="OK"} 2\n'
               'diskdock_requests_total{action="DetachDisk",code="IncorrectDiskStatus"} 5\n'
               'diskdock_requests_total{action="Sts.AssumeRole",code="OK"} 1\n')
    servers = [types.SimpleNamespace(metrics=lambda: metrics)] * 2
    assert recorded.successes(servers) == {"DetachDisk": 4, "Sts.AssumeRole": 2}
