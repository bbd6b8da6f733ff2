"""Two servers and hosts with virtual machines over one PostgreSQL, each in a process of its own. A call goes to the other server
than the one before. Runs where DISKDOCK_TEST_POSTGRES names a PostgreSQL server: `tests/postgres/with`."""

import itertools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from host import (DIRECT, HERE, REGION, SOON_S, TYPE, ZONE, Disk, Machine, Process, command, end_machines, free_port,
                  import_guest, until)

KEY, SECRET = "cluster", "cluster-secret-of-tests"


def new_database():
    server = os.environ["DISKDOCK_TEST_POSTGRES"]
    name = f"hosts_{uuid.uuid4().hex}"
    subprocess.run(["psql", f"{server}/postgres", "--quiet", "--command", f"CREATE DATABASE {name}"], check=True)
    return f"{server}/{name}"


def sdk(endpoint):
    """The client of a server that has the key of these tests."""
    config = Config(access_key_id=KEY, access_key_secret=SECRET, region_id=REGION, protocol="HTTP", endpoint=endpoint)
    return Client(config)


class NamedProcess(Process):
    """A server or host with a directory of its own."""

    def __init__(self, root, name):
        super().__init__(root / name)
        self.root.mkdir(mode=0o711)
        self.name = name

    def answers(self, endpoint):
        """Whether this server takes calls."""
        assert self.process.poll() is None, self.log_tail()
        try:
            with DIRECT.open(f"http://{endpoint}/_diskdock/health", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False


class ServerProcess(NamedProcess):
    """One `diskdock serve` over the database of a cluster."""

    def __init__(self, cluster, name):
        super().__init__(cluster.root, name)
        self.cluster, self.endpoint = cluster, f"127.0.0.1:{free_port()}"
        self.sdk = sdk(self.endpoint)

    def begin(self, failpoint=None):
        """Starts the process."""
        self.run("serve", "--store", self.cluster.database, "--hypervisor", "hosts", "--listen", self.endpoint, "--key",
                 f"{KEY}:{SECRET}", "--inventory", HERE / "inventory.toml", failpoint=failpoint)
        return self

    def start(self, failpoint=None):
        """Starts the process, and waits until it takes calls."""
        self.begin(failpoint)
        until(lambda: self.answers(self.endpoint), f"{self.name} that answers")
        return self

    def call(self, action, **parameters):
        request = getattr(models, "".join(word.title() for word in action.split("_")) + "Request")(**parameters)
        return getattr(self.sdk, action)(request).body


class HostProcess(NamedProcess):
    """One `diskdock host` with an image of the test guest. Stands for the host of its machines and disks."""

    def __init__(self, cluster, name, image="guest", options=(), environment=None):
        super().__init__(cluster.root, name)
        self.cluster, self.call, self.options = cluster, cluster.call, options
        self.environment = environment or {}
        self.import_guest(image)

    def import_guest(self, image):
        import_guest(self.data, image)

    def begin(self, failpoint=None):
        """Starts the process."""
        self.run("host", "--store", self.cluster.database, "--name", self.name, "--zone", ZONE, "--hypervisor", "qemu",
                 "--accel", "tcg", "--processors", "8", "--memory", "8", *self.options, failpoint=failpoint)

    def start(self, failpoint=None):
        """Starts the process, and waits until it works."""
        begins = self.log.stat().st_size if self.log.exists() else 0
        self.begin(failpoint)

        def works():
            assert self.process.poll() is None, self.log_tail()
            return f"host {self.name} works" in self.log.read_text(errors="replace")[begins:]

        until(works, f"{self.name} at work")
        return self

    def has(self, machine):
        return (self.data / "machines" / machine.id).is_dir()

    def ids(self, kind):
        """The disks, or snapshots, that have a file here."""
        return sorted(path.name.split(".")[0] for path in (self.data / kind).glob("[ds]-*"))


class Cluster:
    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="diskdock-hosts-"))
        # QEMU runs as another user, who has to get there.
        self.root.chmod(0o711)
        self.database = new_database()
        self.hosts, self.others = [], []
        self.servers = [ServerProcess(self, name).begin() for name in ("server-1", "server-2")]
        for server in self.servers:
            until(lambda: server.answers(server.endpoint), "a server that answers")  # noqa: B023
        self.endpoint = self.servers[0].endpoint
        self._turns = itertools.cycle(self.servers)

    def command(self, *arguments):
        """Runs the command line; gives what it printed."""
        return command(*arguments, DISKDOCK_ENDPOINT=f"http://{self.endpoint}").stdout

    def listed(self):
        """The hosts as the command line lists them, by name."""
        token = self.servers[0].data / "admin-token"
        text = self.command("hosts", "--output", "json", "--token", token.read_text().strip())
        return {host["name"]: host for host in json.loads(text)["hosts"]}

    def control(self, *arguments, check=True, **environment):
        """Runs the command line of an operator; gives how it ended."""
        token = (self.servers[0].data / "admin-token").read_text().strip()
        environment["DISKDOCK_ENDPOINT"] = f"http://{self.endpoint}"
        return command(*arguments, "--token", token, check=check, **environment)

    def evacuate(self, host, *options, check=True, **environment):
        """Gives the instances of a host to others: the move of each. Unchecked, how the command ended."""
        ended = self.control("hosts", "evacuate", host, "--output", "json", *options, check=check, **environment)
        return json.loads(ended.stdout)["instances"] if check else ended

    def change_store(self, sql):
        """Changes the store as no server would."""
        subprocess.run(["psql", self.database, "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql], check=True)

    def statuses(self, *machines):
        return [machine.status() for machine in machines]

    def host(self, name, **more):
        """A host that works, and that both servers place instances on."""
        made = HostProcess(self, name, **more)
        self.hosts.append(made)
        return made.start()

    def call(self, action, **parameters):
        """Calls the other server than the last time."""
        return next(self._turns).call(action, **parameters)

    def images(self):
        """The images that each server lists."""
        return [sorted(image.image_id for image in self.call("describe_images", region_id=REGION).images.image)
                for _ in self.servers]

    def wait_for_images(self):
        until(lambda: self.images() == [["m-guest"], ["m-guest"]], "the images of the hosts at both servers")

    def one_on_each(self):
        """A machine on each host, in the order of their names."""
        both = [self.launch(), self.launch()]
        for machine in both:
            machine.wait("Running")
            machine.guest.wait_ready()
        both.sort(key=lambda machine: machine.host.name)
        assert [machine.host.name for machine in both] == ["host-a", "host-b"], "they are spread"
        return both

    def launch(self, image="m-guest", **more):
        """A new instance, and the host that it is on."""
        port = free_port()
        tag = models.RunInstancesRequestTag(key="diskdock:forward", value=f"{port}:23")
        body = self.call("run_instances", region_id=REGION, zone_id=ZONE, instance_type=TYPE, image_id=image, tag=[tag], **more)
        found = Machine(self.hosts[0], body.instance_id_sets.instance_id_set[0], port)
        host = until(lambda: next((host for host in self.hosts if host.has(found)), None), "a host with the machine")
        return Machine(host, found.id, port)

    def ready(self, **more):
        machine = self.launch(**more)
        machine.wait("Running")
        machine.guest.wait_ready(SOON_S)
        return machine

    def disk(self, **more):
        body = self.call("create_disk", region_id=REGION, zone_id=ZONE, disk_category="cloud_essd", **more)
        return Disk(self.hosts[0], body.disk_id).wait("Available")

    def close(self):
        for process in [*self.hosts, *self.servers, *self.others]:
            process.close()
        for host in self.hosts:
            end_machines(host.data)
        shutil.rmtree(self.root, ignore_errors=True)
