"""Two servers and two hosts over one PostgreSQL and one pool of Ceph: a disk goes from host to host with its bytes."""

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from host import until
from pool import cluster_in_ceph
from snapshots import begin


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


def test_disk_leaves_a_host_whose_process_was_killed_in_the_detach(cluster, machines):
    here, there = machines
    disk = cluster.disk(size=20).attach(here)
    here.guest.wait_disk(disk.serial)
    written = here.guest.write_pattern(disk.serial, seed=3)
    host = cluster.hosts[0]
    host.kill()
    host.start("unplug.closed")
    disk.begin_detach(here)
    host.wait_dead()
    assert disk.status() == "Detaching", "only its host can tell that it was closed"
    with pytest.raises(ClientException):
        cluster.call("attach_disk", instance_id=there.id, disk_id=disk.id)
    host.start()
    disk.wait("Available")
    disk.attach(there)
    there.guest.wait_disk(disk.serial)
    assert there.guest.read_checksum(disk.serial) == written
    disk.detach(there)
    cluster.call("delete_disk", disk_id=disk.id)
