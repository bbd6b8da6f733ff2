"""Instances of a lost host go on elsewhere, with everything that their guests had made durable."""

import signal

import pytest
from cluster import HostProcess
from host import SOON_S, Machine, until
from lost_host import SILENT_S, Fence, two_hosts, wait_silent


@pytest.fixture
def cluster():
    yield from two_hosts()


def evacuate_with_kills(cluster, machines):
    """Evacuates host-a, while the server, the command and the host that gets the instances are killed on the way."""
    server, host = cluster.servers[0], cluster.hosts[1]
    host.kill()
    host.start("start.begins")
    # What each step leaves behind on host-a.
    for failpoint, left in (("evacuate.written", 2), ("evacuate.moved", 1)):
        server.kill()
        server.start(failpoint)
        ended = cluster.evacuate("host-a", check=False)
        assert ended.returncode != 0, ended.stdout
        server.wait_dead()
        server.start()
        assert cluster.listed()["host-a"]["instances"] == left
        assert sum(host.has(machine) for machine in machines) <= 2 - left, "what was not moved does not begin"
    ended = cluster.evacuate("host-a", check=False, DISKDOCK_FAILPOINT="evacuate.told")
    assert ended.returncode == -signal.SIGKILL, ended
    assert cluster.listed()["host-a"]["instances"] == 0
    assert cluster.evacuate("host-a") == [], "nothing is left to be moved"
    host.wait_dead()
    host.start()


def test_instances_of_a_fenced_host_find_on_another_what_they_had_flushed(cluster):
    pool = cluster.pool
    lost, alive = cluster.one_on_each()
    host, other = lost.host, alive.host
    off = next(one for one in (cluster.launch() for _ in range(2)) if one.host is host)
    off.wait("Running")
    cluster.call("stop_instance", instance_id=off.id)
    off.wait("Stopped")
    disk, log = (cluster.disk(size=20).attach(lost) for _ in range(2))
    for one in (disk, log):
        lost.guest.wait_disk(one.serial)
    written = lost.guest.write_pattern(disk.serial, seed=5)
    refused = cluster.evacuate("host-a", check=False)
    assert refused.returncode != 0 and "is not fenced" in refused.stderr
    fence = Fence(cluster, "host-a").watch()
    with lost.guest.writer(log.serial) as writer:
        writer.wait_for(20)
        # The host's process stands still, and its guest writes on.
        host.process.send_signal(signal.SIGSTOP)
        try:
            wait_silent(cluster, "host-a")
            writer.wait_more()
            assert lost.status() == "Running", "silence alone says nothing"
            fence.wait(SILENT_S + SOON_S)
            told = writer.wait_ended()
        finally:
            host.process.send_signal(signal.SIGCONT)
    # It ends its guests, which have the ports of this computer that the new ones want.
    host.process.wait(timeout=60)
    until(lambda: cluster.statuses(lost, off) == ["Stopped", "Stopped"], "instances that are Stopped")
    foreseen = cluster.evacuate("host-a", "--dry-run")
    ends = {one["instance"]: (one["host"], one["starts"]) for one in foreseen}
    assert ends == {lost.id: ("host-b", True), off.id: ("host-b", False)}
    evacuate_with_kills(cluster, [lost, off])
    again = Machine(other, lost.id, lost.guest.address[1])
    again.wait("Running")
    again.guest.wait_ready()
    for one in (disk, log):
        again.guest.wait_disk(one.serial)
    assert again.guest.read_checksum(disk.serial) == written
    later = again.guest.write_pattern(disk.serial, seed=6)
    for one in (disk, log):
        one.detach(again)
    assert pool.verify(log.id, told) >= 20
    disk.attach(alive)
    alive.guest.wait_disk(disk.serial)
    assert alive.guest.read_checksum(disk.serial) == later
    # The one that was off is started where it is now.
    cluster.call("start_instance", instance_id=off.id)
    Machine(other, off.id, off.guest.address[1]).wait("Running").guest.wait_ready()
    assert cluster.evacuate("host-a") == [], "nothing is left to be moved"
    cluster.control("hosts", "remove", "host-a")
    assert list(cluster.listed()) == ["host-b"]
    # A new directory and a new key are not enough, as long as a guest of before may run.
    again = HostProcess(cluster, "host-a-again", options=("--storage", pool.storage_as("host-a-again")))
    cluster.others.append(again)
    again.begin()
    assert again.process.wait(timeout=60) != 0
    assert "this computer was fenced as host-a in epoch" in again.log_tail()
    assert list(cluster.listed()) == ["host-b"]
