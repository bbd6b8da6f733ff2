"""A host with diskdock and its machines: started, killed, called through the official SDK, looked at from outside."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from guest import Guest
from qmp import Qmp

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
BINARY = pathlib.Path(os.environ.get("DISKDOCK_MACHINES_BIN", TARGET / "debug" / "diskdock"))
GUEST = TARGET / "guest"

REGION, ZONE = "cn-hangzhou", "cn-hangzhou-i"
TYPE, TYPE_WITHOUT_HOT_DETACH = "ecs.g6.tiny", "ecs.g6.fixed"
TYPE_THAT_SHARES = "ecs.g8i.tiny"

# Without KVM, and with other work on the machine, a guest takes its time.
SOON_S = 60

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(holds, what, within_s=SOON_S, pause_s=0.02):
    """Asks again and again until the answer is true, and gives it."""
    deadline = time.monotonic() + within_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {within_s} s in vain for {what}; last: {found!r}"
        time.sleep(pause_s)


def end_machines(data):
    """Ends every machine of a data directory."""
    for pid_file in data.glob("machines/*/run/qemu.pid"):
        name = pid_file.parent.parent.name
        try:
            pid = int(pid_file.read_text())
            if name.encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            # It has ended, with or without its file.
            pass


def command(*arguments, check=True, **environment):
    """Runs the command line with these variables besides."""
    line = [str(BINARY), *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    assert not check or done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return done


# On a busy computer an emulated timer can be late, which the kernel takes for a broken one.
COMMAND_LINE = "console=ttyS0 quiet no_timer_check"


def import_guest(data, name, command_line=COMMAND_LINE, initrd="initrd.gz"):
    """An image of the test guest, `m-` and its name, with this command line for its kernel."""
    command("image", "import", "--data-dir", data, "--name", name, "--kernel", GUEST / "vmlinuz", "--initrd", GUEST / initrd,
            "--append", command_line)


class Process:
    """A diskdock process with a log and a data directory."""

    def __init__(self, root):
        self.root, self.data, self.log = root, root / "data", root / "log"
        self.process = None
        self.environment = {}

    def run(self, *arguments, failpoint=None):
        """Starts the process; with a failpoint, it dies there the first time it comes by."""
        environment = {**os.environ, **self.environment, **({"DISKDOCK_FAILPOINT": failpoint} if failpoint else {})}
        line = [str(BINARY), *map(str, arguments), "--data-dir", str(self.data)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def log_tail(self):
        return self.log.read_text(errors="replace")[-4000:]

    def kill(self):
        """Kills the process with SIGKILL."""
        self.process.kill()
        self.process.wait(timeout=SOON_S)

    def wait_dead(self):
        """The process has come by its failpoint."""
        assert self.process.wait(timeout=SOON_S) == -signal.SIGKILL, self.log_tail()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Host(Process):
    """A data directory with an image of the test guest, and the server that runs on it."""

    def __init__(self):
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="diskdock-host-")))
        # QEMU runs as another user, who has to get there.
        self.root.chmod(0o711)
        self.port = free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self.import_guest("guest")
        self.sdk = None

    def import_guest(self, name, *arguments, **more):
        import_guest(self.data, name, *arguments, **more)

    # The server.

    def command(self, *arguments, check=True):
        """Runs the command line; gives what it printed."""
        return command(*arguments, check=check, DISKDOCK_ENDPOINT=f"http://{self.endpoint}", DISKDOCK_DATA_DIR=str(self.data))

    def start(self, failpoint=None, *options):
        """Starts the server; with a failpoint, it dies there the first time it comes by."""
        self.run("serve", "--hypervisor", "qemu", "--accel", "tcg", "--listen", self.endpoint, "--inventory",
                 HERE / "inventory.toml", *options, failpoint=failpoint)
        until(self._healthy, "a server that answers")
        key = dict(line.split("=", 1) for line in (self.data / "access-key").read_text().splitlines())
        self.sdk = Client(Config(access_key_id=key["ALIBABA_CLOUD_ACCESS_KEY_ID"], region_id=REGION, protocol="HTTP",
                                 access_key_secret=key["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], endpoint=self.endpoint))
        return self

    def _healthy(self):
        assert self.process.poll() is None, f"the server ended: {self.log_tail()}"
        try:
            return bool(self.control("health"))
        except OSError:
            return False

    def stop(self):
        """Stops the server with SIGTERM."""
        self.process.terminate()
        assert self.process.wait(timeout=SOON_S) == 0

    def restart(self, *options):
        self.kill()
        return self.start(None, *options)

    def control(self, path, body=None):
        """The operator's controls."""
        data = None if body is None else json.dumps(body).encode()
        token = self.data / "admin-token"
        headers = {"x-diskdock-token": token.read_text().strip()} if token.exists() else {}
        request = urllib.request.Request(f"http://{self.endpoint}/_diskdock/{path}", data, headers)
        with DIRECT.open(request, timeout=60) as answer:
            return json.load(answer)

    def operations(self, **wanted):
        return self.control("operations?" + "&".join(f"{key}={value}" for key, value in wanted.items()))["operations"]

    def given_up(self, **wanted):
        return [row for row in self.operations(**wanted) if row["given_up"]]

    def metric(self, name):
        with DIRECT.open(f"http://{self.endpoint}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name):
                    return float(line.split()[-1])
        return None

    def agrees(self):
        """Store and hypervisor agree."""
        assert self.control("differences")["differences"] == []

    # The API.

    def call(self, action, **parameters):
        request = getattr(models, "".join(word.title() for word in action.split("_")) + "Request")(**parameters)
        return getattr(self.sdk, action)(request).body

    def launch(self, kind=TYPE, image="m-guest", zone=ZONE, **more):
        """A new instance with its guest; it need not be up yet."""
        port = free_port()
        tag = models.RunInstancesRequestTag(key="diskdock:forward", value=f"{port}:23")
        body = self.call("run_instances", region_id=REGION, zone_id=zone, instance_type=kind, image_id=image,
                         tag=[tag], **more)
        return Machine(self, body.instance_id_sets.instance_id_set[0], port)

    def ready(self, *arguments, **more):
        """A Running instance whose guest answers."""
        machine = self.launch(*arguments, **more)
        machine.wait("Running")
        machine.guest.wait_ready(SOON_S)
        return machine

    def disk(self, size=20, category="cloud_essd", **more):
        """A new Available disk."""
        body = self.call("create_disk", region_id=REGION, zone_id=ZONE, size=size, disk_category=category, **more)
        disk = Disk(self, body.disk_id)
        disk.wait("Available")
        return disk

    def close(self):
        """Ends the server and every machine of this host."""
        super().close()
        end_machines(self.data)
        shutil.rmtree(self.root, ignore_errors=True)


class Disk:
    def __init__(self, host, disk_id):
        self.host, self.id = host, disk_id
        self.serial = disk_id.removeprefix("d-")
        self.file = host.data / "disks" / f"{disk_id}.raw"

    def described(self):
        body = self.host.call("describe_disks", region_id=REGION, disk_ids=json.dumps([self.id]))
        return body.disks.disk[0] if body.disks.disk else None

    def status(self):
        found = self.described()
        return found.status if found else "gone"

    def wait(self, status, within_s=SOON_S):
        until(lambda: self.status() == status, f"{self.id} being {status}", within_s)
        return self

    def attach(self, machine, status="In_use"):
        self.host.call("attach_disk", instance_id=machine.id, disk_id=self.id)
        return self.wait(status)

    def begin_detach(self, machine):
        self.host.call("detach_disk", instance_id=machine.id, disk_id=self.id)
        return self

    def detach(self, machine):
        return self.begin_detach(machine).wait("Available")


def newest_record(path):
    """The newest record in diskdock's file of two slots."""
    lines = path.read_text().splitlines()
    return max((json.loads(line) for line in lines if line.strip()), key=lambda slot: slot["sequence"])["record"]


class Machine:
    def __init__(self, host, instance_id, port):
        self.host, self.id = host, instance_id
        self.directory = host.data / "machines" / instance_id
        self.run = self.directory / "run"
        self.guest = Guest(port, console=self.run / "console.log")

    def status(self):
        body = self.host.call("describe_instances", region_id=REGION, instance_ids=json.dumps([self.id]))
        return body.instances.instance[0].status if body.instances.instance else "gone"

    def wait(self, status, within_s=SOON_S):
        until(lambda: self.status() == status, f"{self.id} being {status}", within_s)
        return self

    def pid(self):
        return int((self.run / "qemu.pid").read_text())

    def record(self):
        return newest_record(self.directory / "machine.json")

    def qmp(self):
        """The monitor for people."""
        return Qmp(self.run / "operator.sock")

    def devices(self):
        """The disks that QEMU gives to the guest, with the generation of their attachment."""
        with self.qmp() as qmp:
            names = [one["name"] for one in qmp("qom-list", path="/machine/peripheral")]
        return sorted(name for name in names if name.startswith("d-"))

    def nodes(self):
        with self.qmp() as qmp:
            return sorted(one["node-name"] for one in qmp("query-named-block-nodes", flat=True))

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.pid()}/fd").iterdir()))
