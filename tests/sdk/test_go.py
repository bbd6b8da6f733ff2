"""alibaba-cloud-sdk-go: the Go tests of go/, where a Go toolchain is at hand."""

import os
import pathlib
import shutil
import subprocess

import pytest

GO_TESTS = pathlib.Path(__file__).parent / "go"
# The first run fetches and compiles the SDK.
GO_WITHIN_S = 300


@pytest.mark.skipif(shutil.which("go") is None, reason="no Go toolchain")
def test_go(slow_server):
    finished = subprocess.run(
        ["go", "test", "-count=1", "-v", "./..."], cwd=GO_TESTS,
        env={**os.environ, "DISKDOCK_SLOW_ENDPOINT": slow_server.endpoint},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=GO_WITHIN_S)
    assert finished.returncode == 0, finished.stdout
    for story in ("TestDiskLifecycle", "TestWrongSecret"):
        assert f"--- PASS: {story}" in finished.stdout, finished.stdout
