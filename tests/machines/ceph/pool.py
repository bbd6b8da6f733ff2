"""The pool of the cluster that `tests/ceph/with` has started."""

import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

import pytest
from cluster import Cluster
from guest import verify_file

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

    def keyring_of(self, user):
        """The keyring of a host's user, who is made if there is none."""
        return self.run("ceph", "auth", "get-or-create", f"client.{user}", "mon", "profile rbd", "osd",
                        f"profile rbd pool={self.name}")

    def key_of(self, user):
        """The key in it."""
        return self.keyring_of(user).split("key = ")[1].split()[0]

    def storage_as(self, user):
        """The value of --storage for a host with a key of its own."""
        keyring = self.directory / f"client.{user}.keyring"
        keyring.write_text(self.keyring_of(user))
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

    def blocked(self):
        """The clients that Ceph refuses: address:port/nonce, and 0/0 for all of an address."""
        text = self.run("ceph", "osd", "blocklist", "ls", "--format", "json")
        # A list of ranges may follow.
        return [one["addr"] for one in json.JSONDecoder().raw_decode(text.lstrip())[0]]

    def digest(self, image):
        """Of all bytes that were ever written to an image."""
        line = ["rbd", "--conf", f"{self.directory}/ceph.conf", "--no-progress", "export-diff", f"{self.name}/{image}", "-"]
        done = subprocess.run(line, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return hashlib.sha256(done.stdout).hexdigest()

    def verify(self, image, acknowledged):
        """Demands that an image holds every acknowledged block; gives how many."""
        with tempfile.TemporaryDirectory() as directory:
            copy = f"{directory}/copy.raw"
            self.run("rbd", "--no-progress", "export", f"{self.name}/{image}", copy)
            return verify_file(copy, acknowledged)

    def control_osd(self, verb):
        """Has the OSD stopped, started, frozen or thawed."""
        subprocess.run([self.directory / "control", f"{verb}-osd"], check=True, timeout=WITHIN_S)

    @contextlib.contextmanager
    def frozen_osd(self):
        """The OSD stands still until the block ends: with what is under way, and what comes meanwhile."""
        self.control_osd("freeze")
        try:
            yield
        finally:
            self.control_osd("thaw")

    def stop_osd(self):
        """Ends the OSD as a crash does, and starts it again when the block ends."""
        return Away(self)


class Away:
    """Ceph without its OSD."""

    def __init__(self, pool):
        self.pool, self.is_back = pool, False

    def __enter__(self):
        self.pool.control_osd("stop")
        return self

    def come_back(self):
        self.pool.control_osd("start")
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
