"""Two servers and two hosts over one PostgreSQL and one pool of Ceph: a disk goes from host to host with its bytes, also when
hosts and servers are killed at the named steps of that."""

import concurrent.futures
import itertools
import random
import threading

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.exceptions import UnretryableException
from host import REGION, until
from pool import cluster_in_ceph
from random_kills import SEED, SETTLES_S, Traveller, kill_at_random
from snapshots import begin

# Where a host is killed on the way of a disk to its guest, and back.
ATTACH = ["plug.recorded", "encrypted.key_given", "plug.opened", "plug.added", "record.written", "operation.ending",
          "operation.ended"]
DETACH = ["unplug.asked", "unplug.let_go", "unplug.closed", "rbd.closing", "unplug.off_record", "operation.ending",
          "operation.ended"]
# Steps that the end of what was cut off comes by as well.
COMMON = ["record.written", "operation.ending", "operation.ended"]


@pytest.fixture(scope="module")
def cluster():
    def add_hosts(made):
        for name in ("host-a", "host-b"):
            made.host(name, options=("--storage", made.pool.storage_as(name)))

    yield from cluster_in_ceph(add_hosts)


@pytest.fixture(scope="module")
def machines(cluster):
    return cluster.one_on_each()


def test_disk_written_on_one_host_has_the_same_bytes_on_the_other(cluster, machines):
    here, there = machines
    disk = cluster.disk(size=20)
    assert disk.id not in cluster.pool.images(), "its first attach makes it"
    disk.attach(here)
    here.guest.wait_disk(disk.serial)
    written = here.guest.write_pattern(disk.serial, seed=1)
    with pytest.raises(ClientException) as caught:
        cluster.call("attach_disk", instance_id=there.id, disk_id=disk.id)
    assert caught.value.code == "IncorrectDiskStatus", "host-a has it"
    disk.detach(here)
    assert cluster.pool.watchers(disk.id) == [], "it was Available while it was open"
    disk.attach(there)
    there.guest.wait_disk(disk.serial)
    assert there.guest.read_checksum(disk.serial) == written
    again = there.guest.write_pattern(disk.serial, seed=2)
    assert again != written
    snapshot = begin(cluster, disk).wait("accomplished")
    disk.detach(there)
    disk.attach(here)
    here.guest.wait_disk(disk.serial)
    assert here.guest.read_checksum(disk.serial) == again
    copy = cluster.disk(snapshot_id=snapshot.id).attach(here)
    here.guest.wait_disk(copy.serial)
    assert here.guest.read_checksum(copy.serial) == again, "the snapshot was taken on host-b"
    for one in (disk, copy):
        one.detach(here)
        cluster.call("delete_disk", disk_id=one.id)
    until(lambda: not {disk.id, copy.id} & set(cluster.pool.images()), "a pool without deleted disks")
    listed = cluster.listed()
    assert {host["storage"] for host in listed.values()} == {"rbd"}
    assert listed["host-a"]["pool"]["user"] == "host-a"


def test_disk_settles_when_its_host_is_killed_at_any_step(cluster, machines):
    here, there = machines
    host = cluster.hosts[0]
    disk = cluster.disk(size=20).attach(here)
    here.guest.wait_disk(disk.serial)
    written = here.guest.write_pattern(disk.serial, seed=3)
    disk.detach(here)
    steps = [step for attach, detach in zip(ATTACH, DETACH) for step in (("attach", attach), ("detach", detach))]
    host.kill()
    host.start(steps[0][1])
    for (act, failpoint), (_, coming) in itertools.pairwise([*steps, ("nothing", None)]):
        cluster.call(f"{act}_disk", instance_id=here.id, disk_id=disk.id)
        host.wait_dead()
        moving, done = ("Attaching", "In_use") if act == "attach" else ("Detaching", "Available")
        assert disk.status() in (moving, done), failpoint
        if done == "In_use" or disk.status() == moving:
            with pytest.raises(ClientException):
                cluster.call("attach_disk", instance_id=there.id, disk_id=disk.id)
        # Its start after a kill is that before the next one.
        host.start(None if coming in COMMON else coming)
        disk.wait(done)
        if done == "In_use":
            here.guest.wait_disk(disk.serial)
            assert here.guest.read_checksum(disk.serial) == written, failpoint
        else:
            assert cluster.pool.watchers(disk.id) == [], f"it was Available while it was open: {failpoint}"
        if coming in COMMON:
            host.kill()
            host.start(coming)
    disk.attach(there)
    there.guest.wait_disk(disk.serial)
    assert there.guest.read_checksum(disk.serial) == written
    disk.detach(there)
    cluster.call("delete_disk", disk_id=disk.id)


def test_disk_is_set_back_when_its_host_is_killed_on_the_way(cluster, machines):
    here, _ = machines
    off = cluster.launch().wait("Running")
    cluster.call("stop_instance", instance_id=off.id, force_stop=True)
    off.wait("Stopped")
    disk = cluster.disk(size=20).attach(here)
    here.guest.wait_disk(disk.serial)
    wanted = here.guest.write_pattern(disk.serial, seed=6)
    snapshot = begin(cluster, disk).wait("accomplished")
    for failpoint in ("rbd.set_back_made", "rbd.set_back_thrown", "operation.ending"):
        assert here.guest.write_pattern(disk.serial, seed=7) != wanted
        disk.detach(here)
        disk.attach(off)
        off.host.kill()
        off.host.start(failpoint)
        cluster.call("reset_disk", disk_id=disk.id, snapshot_id=snapshot.id)
        off.host.wait_dead()
        off.host.start()
        disk.wait("In_use")
        disk.detach(off)
        disk.attach(here)
        here.guest.wait_disk(disk.serial)
        assert here.guest.read_checksum(disk.serial) == wanted, failpoint
    disk.detach(here)
    snapshot.delete()
    cluster.call("delete_disk", disk_id=disk.id)
    cluster.call("delete_instance", instance_id=off.id)


def test_call_of_a_killed_server_has_its_whole_effect_or_none(cluster, machines):
    here, there = machines
    killed, other = cluster.servers
    disk = cluster.disk(size=20)
    status = "Available"
    for act, moving, done in (("attach", "Attaching", "In_use"), ("detach", "Detaching", "Available")):
        for failpoint, has_effect in (("call.written", False), ("call.committed", True)):
            killed.kill()
            killed.start(failpoint)
            with pytest.raises(UnretryableException, match="Connection aborted"):
                killed.call(f"{act}_disk", instance_id=here.id, disk_id=disk.id)
            killed.wait_dead()
            found = other.call("describe_disks", region_id=REGION, disk_ids=f'["{disk.id}"]').disks.disk[0].status
            assert found in ((moving, done) if has_effect else (status,)), failpoint
            killed.start()
        disk.wait(done)
        status = done
    disk.attach(there)
    there.guest.wait_disk(disk.serial)
    disk.detach(there)
    cluster.call("delete_disk", disk_id=disk.id)


def test_nothing_is_lost_while_parts_are_killed_at_random(cluster, machines, record_property):
    record_property("seed", SEED)
    dice = random.Random(SEED)
    travellers = [Traveller(cluster, machines, dice.random()) for _ in range(3)]
    here, _ = machines
    steady = cluster.disk(size=20).attach(here)
    here.guest.wait_disk(steady.serial)
    ends = threading.Event()
    with here.guest.writer(steady.serial) as writer, concurrent.futures.ThreadPoolExecutor(len(travellers)) as pool:
        running = [pool.submit(one.travel_until, ends) for one in travellers]
        try:
            kill_at_random(cluster, dice)
        finally:
            ends.set()
        for one in running:
            one.result(timeout=2 * SETTLES_S)
        writer.wait_more()
        acknowledged = writer.stop()
    record_property("disks moved", sum(one.rounds for one in travellers))
    steady.detach(here)
    assert cluster.pool.verify(steady.id, acknowledged) == acknowledged.count
    for one in travellers:
        assert one.rounds > 0 and cluster.pool.watchers(one.disk.id) == []
        one.travel()
