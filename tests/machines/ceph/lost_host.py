"""A host that is lost, and its fence. Two hosts with addresses of their own towards Ceph."""

import itertools
import pathlib
import subprocess
import urllib.parse

from cluster import NamedProcess
from guest import path_of
from host import SOON_S, until
from pool import cluster_in_ceph

HERE = pathlib.Path(__file__).resolve().parent
# Networks of hosts, each for one story.
NETWORKS = itertools.count(1)
# A host counts as silent after half a minute.
SILENT_S = 60


def own_address(cluster, address):
    """Programs whose connections to Ceph come from an address of their own: the environment, and a QEMU, which gets none."""
    root = cluster.root
    library = root / "bind_address.so"
    if not library.exists():
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "bind_address.c", "-ldl"], check=True)
        library.chmod(0o755)
    database = urllib.parse.urlsplit(cluster.database).port
    environment = {"LD_PRELOAD": str(library), "BIND_ADDRESS": address, "BIND_EXCEPT": str(database)}
    qemu = root / f"qemu-{address}"
    words = " ".join(f"{name}={value}" for name, value in environment.items())
    qemu.write_text(f"#!/bin/sh\n{words} exec qemu-system-x86_64 \"$@\"\n")
    qemu.chmod(0o755)
    return environment, qemu


def two_hosts():
    """Two servers and two hosts, each with a key and an address of its own."""

    def add_hosts(made):
        # A fence blocks an address for years, and Ceph outlives the hosts of a story.
        network = next(NETWORKS)
        for name, address in (("host-a", f"127.0.{network}.2"), ("host-b", f"127.0.{network}.3")):
            environment, qemu = own_address(made, address)
            made.host(name, options=("--storage", made.pool.storage_as(name), "--qemu", qemu), environment=environment)

    yield from cluster_in_ceph(add_hosts)


def open_anew(machine, disk, **key):
    """Has QEMU open a volume once more, with the key of its host or another one, and close it."""
    host, pool = machine.host, machine.host.cluster.pool
    if not key:
        key = {"file": str(next((host.data / "ceph").glob("*.key")))}
    node = {"driver": "rbd", "node-name": "anew", "pool": pool.name, "image": disk.id, "conf": f"{pool.directory}/ceph.conf",
            "user": host.name, "key-secret": "anew", "cache": {"direct": True}}
    with machine.qmp() as qmp:
        qmp("object-add", **{"qom-type": "secret", "id": "anew", "format": "base64", **key})
        try:
            qmp("blockdev-add", **node)
            qmp("blockdev-del", **{"node-name": "anew"})
        finally:
            qmp("object-del", id="anew")


def let_go(machine, disk):
    """Has the guest and QEMU let go of a disk, as its host would in a detach."""
    (name,) = [one for one in machine.devices() if one.startswith(f"{disk.id}.")]
    with machine.qmp() as qmp:
        qmp("device_del", id=name)
        qmp.wait_event("DEVICE_DELETED", device=name)
        qmp("blockdev-del", **{"node-name": name})


def expect_nothing_lands(pool, writers, times=4):
    """Guests that go on trying to write to their disks change not one byte of them."""
    disks = [disk for _, disk in writers]
    before = [pool.digest(disk.id) for disk in disks]
    for attempt in range(times):
        for machine, disk in writers:
            write = f"dd if=/dev/urandom of={path_of(disk.serial)} bs=4k count=1 seek={4096 + attempt} oflag=direct"
            status, said = machine.guest.run(write)
            assert status != 0, f"a fenced guest has written: {said}"
        assert [pool.digest(disk.id) for disk in disks] == before, "a fenced guest has written"
    return before


def wait_silent(cluster, host):
    until(lambda: cluster.listed()[host]["state"] == "not heard of", "a silent host", SILENT_S)


class Fence(NamedProcess):
    """`diskdock hosts fence`, which stays to carry out what is asked of the host."""

    def __init__(self, cluster, host):
        super().__init__(cluster.root, f"fence-of-{host}")
        self.cluster, self.host, self.begins = cluster, host, 0
        cluster.others.append(self)

    def begin(self, failpoint=None):
        """Fences the host, or dies at the failpoint."""
        return self._run(self.host, failpoint=failpoint)

    def watch(self):
        """Fences it when nothing was heard of it for a minute."""
        return self._run("--auto", "--after", "60s")

    def _run(self, *words, failpoint=None):
        pool = self.cluster.pool
        self.begins = self.log.stat().st_size if self.log.exists() else 0
        storage = f"rbd:pool={pool.name},conf={pool.directory}/ceph.conf,user=admin,keyring={pool.directory}/keyring"
        self.run("hosts", "fence", *words, "--store", self.cluster.database, "--storage", storage, failpoint=failpoint)
        return self

    def refused(self):
        """What it says when it refuses, or fails."""
        self.begin()
        assert self.process.wait(timeout=60) > 0
        return self.said()

    def said(self):
        """What it has said since it was begun."""
        return self.log.read_text()[self.begins:] if self.log.exists() else ""

    def wait(self, within_s=SOON_S):
        def is_done():
            assert self.process.poll() is None, self.log_tail()
            return f"{self.host} is fenced: " in self.said()

        until(is_done, "a fence", within_s)
