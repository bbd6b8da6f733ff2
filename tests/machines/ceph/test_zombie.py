"""A host that is lost while its guests go on: its disks are given to another one only after Ceph refuses what it writes."""

import hashlib
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import pytest
from cluster import NamedProcess
from guest import verify_file
from host import until
from pool import cluster_in_ceph

HERE = pathlib.Path(__file__).resolve().parent
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


@pytest.fixture
def cluster():
    def add_hosts(made):
        for name, address in (("host-a", "127.0.1.2"), ("host-b", "127.0.1.3")):
            environment, qemu = own_address(made, address)
            made.host(name, options=("--storage", made.pool.storage_as(name), "--qemu", qemu), environment=environment)

    yield from cluster_in_ceph(add_hosts)


def digest(pool, disk):
    """Of all bytes that were ever written to a disk in Ceph."""
    line = ["rbd", "--conf", f"{pool.directory}/ceph.conf", "--no-progress", "export-diff", f"{pool.name}/{disk.id}", "-"]
    done = subprocess.run(line, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return hashlib.sha256(done.stdout).hexdigest()


class Fence(NamedProcess):
    """`diskdock hosts fence`, which stays to carry out what is asked of the host."""

    def __init__(self, cluster, host):
        super().__init__(cluster.root, f"fence-of-{host}")
        self.cluster, self.host = cluster, host
        cluster.others.append(self)

    def begin(self, failpoint=None):
        pool = self.cluster.pool
        storage = f"rbd:pool={pool.name},conf={pool.directory}/ceph.conf,user=admin,keyring={pool.directory}/keyring"
        self.run("hosts", "fence", self.host, "--store", self.cluster.database, "--storage", storage, failpoint=failpoint)
        return self

    def refused(self):
        """What it says when it refuses."""
        begins = self.log.stat().st_size if self.log.exists() else 0
        self.begin()
        assert self.process.wait(timeout=60) != 0
        return self.log.read_text()[begins:]

    def wait(self):
        def is_done():
            assert self.process.poll() is None, self.log_tail()
            return f"{self.host} is fenced: " in self.log.read_text()

        until(is_done, "a fence")


def test_disks_of_a_lost_host_are_free_only_after_ceph_refuses_its_writes(cluster):
    pool, machines = cluster.pool, [cluster.launch() for _ in range(3)]
    for machine in machines:
        machine.wait("Running")
        machine.guest.wait_ready()
    # Two on one host, of which one is frozen.
    by_host = {}
    for machine in machines:
        by_host.setdefault(machine.host.name, []).append(machine)
    lost = max(by_host, key=lambda name: len(by_host[name]))
    zombie, frozen = by_host.pop(lost)
    (alive,) = by_host.popitem()[1]
    host = zombie.host
    disks = [cluster.disk(size=20) for _ in range(2)]
    for disk, machine in zip(disks, (zombie, frozen)):
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
    pids = [machine.pid() for machine in (zombie, frozen)]
    fence = Fence(cluster, lost)
    with zombie.guest.writer(disks[0].serial) as writer, frozen.guest.writer(disks[1].serial) as sleeper:
        writer.wait_for(20)
        sleeper.wait_for(20)
        os.kill(pids[1], signal.SIGSTOP)
        host.process.send_signal(signal.SIGSTOP)
        try:
            assert "still heard of" in fence.refused()
            disks[0].begin_detach(zombie)
            until(lambda: cluster.listed()[lost]["state"] == "not heard of", "a silent host", SILENT_S)
            writer.wait_more()
            assert disks[0].status() == "Detaching", "it was given away while its guest writes"
            # Killed on its way, the fence is repeated.
            for failpoint in ("fence.key_removed", "fence.blocked", "fence.listed"):
                fence.begin(failpoint).wait_dead()
                assert disks[0].status() == "Detaching"
                assert cluster.listed()[lost]["state"] == "fencing"
            fence.begin().wait()
            before = [digest(pool, disk) for disk in disks]
            os.kill(pids[1], signal.SIGCONT)
            disks[0].wait("Available")
            for machine in (zombie, frozen):
                machine.wait("Stopped")
            disks[1].detach(frozen)
            # They go on trying, and one of them has slept through all of it.
            acknowledged = [one.wait_ended() for one in (writer, sleeper)]
            time.sleep(5)
            assert [digest(pool, disk) for disk in disks] == before, "a fenced guest has written"
            assert cluster.listed()[lost]["state"] == "fenced"
            assert all(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), "both still run"
            for disk, told in zip(disks, acknowledged):
                copy = cluster.root / f"{disk.id}.raw"
                pool.run("rbd", "--no-progress", "export", f"{pool.name}/{disk.id}", copy)
                assert verify_file(str(copy), told) >= 20
                copy.unlink()
                disk.attach(alive)
                alive.guest.wait_disk(disk.serial)
            written = alive.guest.write_pattern(disks[0].serial, seed=8)
        finally:
            host.process.send_signal(signal.SIGCONT)
    # The host comes back, and ends its guests.
    host.process.wait(timeout=60)
    until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), "the end of its guests")
    said = host.log_tail()
    assert "was fenced in epoch" in said and zombie.id in said and frozen.id in said
    host.begin()
    assert host.process.wait(timeout=60) != 0
    assert "no guest ran" in host.log_tail()
    assert alive.guest.read_checksum(disks[0].serial) == written
    for disk in disks:
        disk.detach(alive)
