"""A host that is lost while its guests go on: its disks are given to another one only after Ceph refuses what it writes."""

import os
import pathlib
import signal

import pytest
from host import until
from lost_host import Fence, expect_nothing_lands, let_go, open_anew, two_hosts, wait_silent


@pytest.fixture
def cluster():
    yield from two_hosts()


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
    open_anew(zombie, disks[1])
    with zombie.guest.writer(disks[0].serial) as writer, frozen.guest.writer(disks[1].serial) as sleeper:
        writer.wait_for(20)
        sleeper.wait_for(20)
        os.kill(pids[1], signal.SIGSTOP)
        host.process.send_signal(signal.SIGSTOP)
        try:
            assert "still heard of" in fence.refused()
            disks[0].begin_detach(zombie)
            wait_silent(cluster, lost)

            def killed_at(failpoint, state="fencing"):
                fence.begin(failpoint).wait_dead()
                assert disks[0].status() == "Detaching", "it was given away before the end of the fence"
                assert cluster.listed()[lost]["state"] == state

            # Killed on its way, the fence is repeated. Without its key the host writes on.
            for failpoint in ("fence.begun", "fence.key_removed"):
                killed_at(failpoint)
                writer.wait_more()
            # What is under way at an OSD that stands still may land as soon as that goes on.
            with pool.frozen_osd():
                for failpoint in ("fence.blocked", "fence.listed"):
                    killed_at(failpoint)
                assert "Nothing of the host is free yet" in fence.refused()
                assert disks[0].status() == "Detaching", "nothing is proven"
            for failpoint in ("fence.lock_broken", "fence.taken", "fence.proven"):
                killed_at(failpoint)
            killed_at("fence.completed", "fenced")
            fence.begin().wait()
            disks[0].wait("Available")
            before = [pool.digest(disk.id) for disk in disks]
            # As if the hour had passed for which a lock that is broken blocks one client.
            (address,) = cluster.listed()[lost]["pool"]["addresses"]
            clients = [one for one in pool.blocked() if one.startswith(f"{address}:") and not one.endswith(":0/0")]
            assert clients, "the lock of each owner was broken"
            for client in clients:
                pool.run("ceph", "osd", "blocklist", "rm", client)
            os.kill(pids[1], signal.SIGCONT)
            for machine in (zombie, frozen):
                machine.wait("Stopped")
            disks[1].detach(frozen)
            # They go on trying, and one of them has slept through all of it.
            acknowledged = [one.wait_ended() for one in (writer, sleeper)]
            assert expect_nothing_lands(pool, list(zip((zombie, frozen), disks))) == before, "a fenced guest has written"
            # Nor does it help that QEMU opens a disk anew, not even with a new key.
            let_go(zombie, disks[0])
            with pytest.raises(RuntimeError, match="blockdev-add"):
                open_anew(zombie, disks[0])
            key = pool.key_of(lost)
            with pytest.raises(RuntimeError, match="blockdev-add"):
                open_anew(zombie, disks[0], data=key)
            assert [pool.digest(disk.id) for disk in disks] == before, "a fenced guest has written"
            assert cluster.listed()[lost]["state"] == "fenced"
            assert all(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), "both still run"
            for disk, told in zip(disks, acknowledged):
                assert pool.verify(disk.id, told) >= 20
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
