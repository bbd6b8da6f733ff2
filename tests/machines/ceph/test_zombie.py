"""A host that is lost while its guests go on: its disks are given to another one only after Ceph refuses what it writes."""

import hashlib
import os
import pathlib
import signal
import subprocess
import time

import pytest
from guest import verify_file
from host import until
from lost_host import Fence, two_hosts, wait_silent


@pytest.fixture
def cluster():
    yield from two_hosts()


def digest(pool, disk):
    """Of all bytes that were ever written to a disk in Ceph."""
    line = ["rbd", "--conf", f"{pool.directory}/ceph.conf", "--no-progress", "export-diff", f"{pool.name}/{disk.id}", "-"]
    done = subprocess.run(line, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return hashlib.sha256(done.stdout).hexdigest()


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
            wait_silent(cluster, lost)
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
