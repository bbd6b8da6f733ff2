"""The Go SDKs: the Go tests of go/, which tests/sdk/install has compiled."""

import os
import re
import subprocess

import pytest

from clients import WORKFLOWS
from server import TARGET

PROGRAM = TARGET / "sdk" / "go" / "stories"
TOLD_WITHIN_S = 120


@pytest.mark.parametrize("story", [
    pytest.param("TestCurrent", marks=pytest.mark.client("go")),
    pytest.param("TestCurrentV2", marks=pytest.mark.client("go")),
    pytest.param("TestOld", marks=pytest.mark.client("go-old")),
    pytest.param("TestOldRecommendsAnotherSecret", marks=pytest.mark.client("go-old")),
])
def test_go(request, server, slow_server, story):
    finished = subprocess.run(
        [PROGRAM, "-test.v", "-test.run", f"^{story}$"],
        env={**os.environ, "DISKDOCK_ENDPOINT": server.endpoint, "DISKDOCK_SLOW_ENDPOINT": slow_server.endpoint},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TOLD_WITHIN_S)
    assert finished.returncode == 0, finished.stdout
    assert f"--- PASS: {story}" in finished.stdout, finished.stdout
    told = {name.replace("_", " ") for name in re.findall(rf"--- PASS: {story}/(\S+)", finished.stdout)}
    if told:
        assert told == {*WORKFLOWS, "wrong secret"}, finished.stdout
    for workflow in told & set(WORKFLOWS):
        request.node.add_marker(pytest.mark.workflow(workflow))
