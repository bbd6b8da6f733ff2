"""com.aliyun:ecs20140526, the current Java SDK: the stories of java/, which tests/sdk/install has compiled."""

import re
import subprocess

import pytest

from clients import WORKFLOWS
from server import TARGET

JAVA = TARGET / "sdk" / "java"
TOLD_WITHIN_S = 120


@pytest.mark.client("java")
def test_java(request, server, slow_server):
    finished = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{JAVA / 'lib'}/*:{JAVA / 'classes'}",
         "Stories", server.endpoint, slow_server.endpoint],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TOLD_WITHIN_S)
    assert finished.returncode == 0, finished.stdout
    assert set(re.findall("^ok (.*)$", finished.stdout, re.MULTILINE)) == {*WORKFLOWS, "wrong secret"}
    for workflow in WORKFLOWS:
        request.node.add_marker(pytest.mark.workflow(workflow))
