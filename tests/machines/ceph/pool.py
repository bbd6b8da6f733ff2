"""The pool of the cluster that `tests/ceph/with` has started."""

import json
import os
import pathlib
import subprocess

import pytest
from cluster import Cluster

WITHIN_S = 60


class Pool:
    """The pool of the cluster. What an earlier test has left in it is thrown away."""

    name = "disks"

    def __init__(self, directory):
        self.directory = directory
        self.keyring = directory / "client.keyring"
        for image in self.rbd("ls"):
            self.run("rbd", "--pool", self.name, "--no-progress", "snap", "purge", image)
            self.run("rbd", "--pool", self.name, "trash", "mv", image)

    @property
    def storage(self):
        """The value of --storage."""
        return f"rbd:pool={self.name},conf={self.directory}/ceph.conf,user=diskdock,keyring={self.keyring}"

    def storage_as(self, user):
        """The value of --storage for a host with a key of its own."""
        keyring = self.directory / f"client.{user}.keyring"
        key = self.run("ceph", "auth", "get-or-create", f"client.{user}", "mon", "profile rbd", "osd",
                       f"profile rbd pool={self.name}")
        keyring.write_text(key)
        keyring.chmod(0o600)
        return f"rbd:pool={self.name},conf={self.directory}/ceph.conf,user={user},keyring={keyring}"

    def run(self, program, *arguments):
        line = [program, "--conf", f"{self.directory}/ceph.conf", *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN_S)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def rbd(self, *arguments):
        """What `rbd` says in JSON."""
        return json.loads(self.run("rbd", "--format", "json", "--pool", self.name, *arguments))

    def images(self):
        return sorted(self.rbd("ls"))

    def watchers(self, image):
        """Where an image is open."""
        return self.rbd("status", image)["watchers"]

    def stop_osd(self):
        """Ends the OSD as a crash does, and starts it again when the block ends."""
        return Away(self.directory / "control")


class Away:
    """Ceph without its OSD."""

    def __init__(self, control):
        self.control, self.is_back = control, False

    def __enter__(self):
        subprocess.run([self.control, "stop-osd"], check=True, timeout=WITHIN_S)
        return self

    def come_back(self):
        subprocess.run([self.control, "start-osd"], check=True, timeout=WITHIN_S)
        self.is_back = True

    def __exit__(self, *_):
        if not self.is_back:
            self.come_back()


def pool_of_cluster():
    directory = os.environ.get("DISKDOCK_TEST_CEPH")
    if not directory:
        pytest.fail("there is no Ceph: tests/postgres/with tests/ceph/with tests/machines/run ceph", pytrace=False)
    return Pool(pathlib.Path(directory))


def cluster_in_ceph(add_hosts):
    """Two servers over one PostgreSQL, and the hosts that are added, with their disks in the pool."""
    pool = pool_of_cluster()
    if "DISKDOCK_TEST_POSTGRES" not in os.environ:
        pytest.fail("there is no PostgreSQL: tests/postgres/with tests/ceph/with tests/machines/run ceph", pytrace=False)
    made = Cluster()
    made.pool = pool
    try:
        add_hosts(made)
        made.wait_for_images()
        yield made
    finally:
        made.close()
