"""The rules of the aliyun CLI: command lines as its users write them, read by its real parser where there is the program.

The program is in no package registry; tests/samples/stand-in/aliyun reads a command line by the same rules.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from unittest import mock

import pytest

import stories
import workflows
from common import KEY_ID, KEY_SECRET, REGION, Refusal, unique
from wire_client import WireClient

STAND_IN = pathlib.Path(__file__).resolve().parents[1] / "samples" / "stand-in" / "aliyun"
REAL = shutil.which("aliyun")
PROGRAM = [REAL] if REAL else [sys.executable, str(STAND_IN)]
TOLD_WITHIN_S = 60

pytestmark = pytest.mark.client("cli")


class Refused(Exception):
    """What the program prints when it fails."""


def words(value):
    """Truth values as users write them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def flat(parameters):
    """Lists are numbered by hand: --Tag.1.Key team --Tag.1.Value storage."""
    for name, value in parameters.items():
        for number, each in enumerate(value, start=1) if isinstance(value, list) else ():
            for field, told in each.items() if isinstance(each, dict) else [("", each)]:
                yield f"--{name}.{number}" + (f".{field}" if field else ""), words(told)
        if not isinstance(value, list):
            yield f"--{name}", words(value)


class Cli(WireClient):
    errors = (Refused,)

    def __init__(self, endpoint, secret):
        self.own = ["--endpoint", endpoint, "--insecure", "--region", REGION, "--mode", "AK",
                    "--access-key-id", KEY_ID, "--access-key-secret", secret]

    def call(self, action, *more, **parameters):
        command = [*PROGRAM, "ecs", action, *(word for pair in flat(parameters) for word in pair), *self.own, *more]
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        finished = subprocess.run(
            command, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TOLD_WITHIN_S)
        if finished.returncode:
            raise Refused(finished.stderr)
        return json.loads(finished.stdout)

    def told(self, error):
        """The program prints no status."""
        found = dict(re.findall(r"^(ErrorCode|RequestId|Message): (.*)$", str(error), re.MULTILINE))
        return Refusal(mock.ANY, found["ErrorCode"], found["Message"], found["RequestId"])


@pytest.fixture
def connect():
    return lambda server, secret: Cli(server.endpoint, secret)


class TestCli(stories.Refusals, workflows.AllWorkflows):
    # No Lifecycle: a process for each look is too slow to be certain to see Detaching.
    pass


def test_pager_goes_by_page_numbers_and_by_tokens(server):
    client = Cli(server.endpoint, KEY_SECRET)
    name = unique("page")
    created = sorted(client.create_disk(name) for _ in range(12))
    for way in ({"PageSize": 5}, {"MaxResults": 10}, {}):
        body = client.call("DescribeDisks", "--pager", RegionId=REGION, DiskName=name, **way)
        assert sorted(disk["DiskId"] for disk in body["Disks"]["Disk"]) == created


@pytest.mark.workflow("disks")
def test_waiter_follows_a_disk_through_its_life(slow_server):
    client = Cli(slow_server.endpoint, KEY_SECRET)
    instance_id, disk_id = stories.running_instance(client), client.create_disk(unique("waited"))
    ids = {"RegionId": REGION, "DiskIds": json.dumps([disk_id])}

    def wait(status):
        waiter = ["--waiter", "expr=Disks.Disk[0].Status", f"to={status}", "timeout=20", "interval=2"]
        [disk] = client.call("DescribeDisks", *waiter, **ids)["Disks"]["Disk"]
        assert disk["Status"] == status

    wait("Available")
    client.attach(instance_id, disk_id)
    wait("In_use")
    client.detach(instance_id, disk_id)
    wait("Available")
    stories.delete_and_look(client, disk_id)
    stories.delete_instance(client, instance_id)
