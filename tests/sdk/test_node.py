"""The Node clients: each script of node/ runs the tests of node/stories.cjs with one of them."""

import os
import pathlib
import re
import subprocess

import pytest

from clients import WORKFLOWS
from server import TARGET

SCRIPTS = pathlib.Path(__file__).parent / "node"
NODE_MODULES = TARGET.absolute() / "sdk" / "node" / "node_modules"
SCRIPT_WITHIN_S = 60

STORIES = {"refusals", "wrong secret", "dry run", "client token", "pages"}


def run_script(name, environment):
    """Its output, in the Test Anything Protocol."""
    finished = subprocess.run(
        ["node", "--test-reporter=tap", SCRIPTS / name],
        env={**os.environ, "NODE_PATH": str(NODE_MODULES), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SCRIPT_WITHIN_S)
    return finished.returncode, finished.stdout


def passed(output):
    """The names of the stories that passed; a script that told none proves nothing."""
    return set(re.findall(r"^ok \d+ - ([^#\n]*?)\s*$", output, re.MULTILINE))


CURRENT, OLD = pytest.mark.client("node"), pytest.mark.client("node-old")


@pytest.mark.parametrize(("script", "variant"), [
    pytest.param("current.cjs", {"SIGNATURE": "v3"}, marks=CURRENT),
    pytest.param("current.cjs", {"SIGNATURE": "v2"}, marks=CURRENT),
    pytest.param("pop_core.cjs", {"METHOD": "GET"}, marks=OLD),
    pytest.param("pop_core.cjs", {"METHOD": "POST"}, marks=OLD),
], ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else value.removesuffix(".cjs"))
def test_node(request, server, slow_server, script, variant):
    endpoints = {"DISKDOCK_ENDPOINT": server.endpoint, "DISKDOCK_SLOW_ENDPOINT": slow_server.endpoint}
    exit_code, output = run_script(script, {**endpoints, **variant})
    assert exit_code == 0, output
    assert passed(output) == STORIES | set(WORKFLOWS), output
    for workflow in WORKFLOWS:
        request.node.add_marker(pytest.mark.workflow(workflow))
