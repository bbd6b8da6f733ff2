"""Resources on the server for the calls, and the program that writes the samples."""

import json
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sdk"))

from server import BINARY, REPOSITORY  # noqa: E402  (it lies with the other tests)

from cases import CATEGORY, IMAGE, REGION, TYPE, ZONE  # noqa: E402

CALL_WITHIN_S = 60


def diskdock(*arguments):
    """What the program prints, with its exit code and its complaint."""
    finished = subprocess.run(
        [str(BINARY), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=CALL_WITHIN_S)
    return finished.returncode, finished.stdout.decode(), finished.stderr.decode()


def options(values):
    return [f"--{name}={value}" for name, value in values.items()]


class Resources:
    """Makes things on the server, each for one call only."""

    def __init__(self, server):
        self.url = f"http://{server.endpoint}"

    def call(self, action, wait=False, **values):
        # diskdock's own client reads `--Name=value` exactly.
        arguments = ["call", action, "--endpoint", self.url, *options(values)]
        code, out, complaint = diskdock(*arguments, *(["--wait"] if wait else []))
        assert code == 0, complaint
        return json.loads(out)

    def unique(self, text):
        return (uuid.uuid4().hex[:8] + text)[:64]

    def instance(self):
        made = self.call(
            "RunInstances", wait=True, RegionId=REGION, ZoneId=ZONE, InstanceType=TYPE, ImageId=IMAGE)
        return made["InstanceIdSets"]["InstanceIdSet"][0]

    def stopped(self):
        made = self.call(
            "CreateInstance", wait=True, RegionId=REGION, ZoneId=ZONE, InstanceType=TYPE, ImageId=IMAGE)
        return made["InstanceId"]

    def disk(self):
        made = self.call("CreateDisk", wait=True, RegionId=REGION, ZoneId=ZONE, Size="20", DiskCategory=CATEGORY)
        return made["DiskId"]

    def attached(self):
        both = {"InstanceId": self.instance(), "DiskId": self.disk()}
        self.call("AttachDisk", wait=True, **both)
        return both

    def refuse(self, transition, disk):
        code, _, complaint = diskdock(
            "admin", "rules", "add", "--endpoint", self.url, "--transition", transition, "--disk", disk, "--do", "refuse")
        assert code == 0, complaint


def write_sample(language, action, values, endpoint, folder):
    """Writes the sample into the folder; its path, or why there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    code, out, complaint = diskdock(
        "sample", language, action, "--endpoint", f"http://{endpoint}", "--region", REGION, "--save", str(folder),
        *options(values))
    return (pathlib.Path(out.strip()), None) if code == 0 else (None, complaint)
