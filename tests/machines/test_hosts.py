"""Virtual machines on two hosts, called through two servers: disks come, go and stay where their bytes are, also when the process of a
host is killed in the middle."""

import base64
import pathlib

import pytest
from cluster import Cluster
from alibabacloud_tea_openapi.exceptions import ClientException
from host import REGION, until
from snapshots import begin

# Where a host is killed: with the bytes of a disk just made, and on the way to the guest and back.
ATTACH = ["record.written", "plug.recorded", "plug.opened", "plug.added", "operation.ending", "operation.ended"]
DETACH = ["unplug.asked", "unplug.let_go", "unplug.closed", "unplug.off_record", "operation.ending"]


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    try:
        made.host("host-a")
        made.host("host-b")
        made.wait_for_images()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def machines(cluster):
    return cluster.one_on_each()


def refusal(call, *arguments, **parameters):
    """The code and the message of a call that is refused."""
    with pytest.raises(ClientException) as caught:
        call(*arguments, **parameters)
    return caught.value.code, caught.value.message


def attach_when_grown(disk, machine):
    """Attaches a disk as soon as its resize has ended."""

    def attaches():
        try:
            return disk.attach(machine)
        except ClientException as refused:
            assert refused.code == "InvalidOperation.Conflict", refused
            return None

    until(attaches, "a disk that is resized")


def runs(pid):
    """Whether a process runs. One that has ended, but that nobody has waited for, has no arguments any more."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def expect_unplugged(machine, disk):
    assert not machine.guest.has_disk(disk.serial)
    assert not [name for name in machine.devices() + machine.nodes() if name.startswith(disk.id)]


def test_consoles_come_from_their_hosts(cluster, machines):
    for machine in machines:
        machine.guest.check(f"echo this is {machine.id} > /dev/ttyS0")

        def has_it():
            body = cluster.call("get_instance_console_output", region_id=REGION, instance_id=machine.id)  # noqa: B023
            return f"this is {machine.id}" in base64.b64decode(body.console_output).decode(errors="replace")  # noqa: B023

        until(has_it, f"the console of {machine.id} from {machine.host.name}")


def test_a_disk_lives_on_the_host_of_its_first_instance(cluster, machines):
    here, there = machines
    disk = cluster.disk(size=20)
    assert [disk.id in host.ids("disks") for host in cluster.hosts] == [False, False], "it has no bytes yet"
    cluster.call("resize_disk", disk_id=disk.id, new_size=21)
    attach_when_grown(disk, here)
    assert [disk.id in host.ids("disks") for host in cluster.hosts] == [True, False]
    here.guest.wait_disk(disk.serial)
    assert int(here.guest.check(f"blockdev --getsize64 /dev/{here.guest.disks()[disk.serial]}")) == 21 << 30
    written = here.guest.write_pattern(disk.serial)
    disk.detach(here)
    expect_unplugged(here, disk)

    code, message = refusal(cluster.call, "attach_disk", instance_id=there.id, disk_id=disk.id)
    assert code == "IncorrectDiskStatus" and "host-a" in message
    assert disk.status() == "Available"

    cluster.call("resize_disk", disk_id=disk.id, new_size=22)
    attach_when_grown(disk, here)
    here.guest.wait_disk(disk.serial)
    assert int(here.guest.check(f"blockdev --getsize64 /dev/{here.guest.disks()[disk.serial]}")) == 22 << 30
    assert here.guest.read_checksum(disk.serial) == written
    disk.detach(here)
    cluster.call("delete_disk", disk_id=disk.id)
    until(lambda: disk.id not in cluster.hosts[0].ids("disks"), "a host without the bytes of a deleted disk")


def test_snapshots_stay_on_the_host_of_their_disk(cluster, machines):
    _, there = machines
    disk = cluster.disk(size=20)
    disk.attach(there)
    there.guest.wait_disk(disk.serial)
    written = there.guest.write_pattern(disk.serial)
    snapshot = begin(cluster, disk).wait("accomplished")
    assert [snapshot.id in host.ids("snapshots") for host in cluster.hosts] == [False, True]
    copy = cluster.disk(snapshot_id=snapshot.id)
    assert [copy.id in host.ids("disks") for host in cluster.hosts] == [False, True], "made at once, beside it"
    snapshot.delete()
    until(lambda: snapshot.id not in cluster.hosts[1].ids("snapshots"), "a host without the bytes of the snapshot")
    copy.attach(there)
    there.guest.wait_disk(copy.serial)
    assert there.guest.read_checksum(copy.serial) == written
    for one in (disk, copy):
        one.detach(there)
        expect_unplugged(there, one)
    unmade = cluster.disk(size=20)
    code, _ = refusal(cluster.call, "create_snapshot", disk_id=unmade.id)
    assert code == "IncorrectDiskStatus.NeverAttached"


@pytest.mark.parametrize("failpoint", ATTACH)
def test_attach_completes_after_a_kill_of_its_host_at(cluster, machines, failpoint):
    machine, host = machines[0], cluster.hosts[0]
    disk = cluster.disk(size=20)
    host.kill()
    host.start(failpoint)
    cluster.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
    host.wait_dead()
    assert disk.status() in ("Attaching", "In_use")
    host.start()
    disk.wait("In_use")
    machine.guest.wait_disk(disk.serial)
    disk.detach(machine)
    expect_unplugged(machine, disk)
    cluster.call("delete_disk", disk_id=disk.id)


@pytest.mark.parametrize("failpoint", DETACH)
def test_detach_completes_after_a_kill_of_its_host_at(cluster, machines, failpoint):
    machine, host = machines[0], cluster.hosts[0]
    disk = cluster.disk(size=20).attach(machine)
    machine.guest.wait_disk(disk.serial)
    host.kill()
    host.start(failpoint)
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(10)
        disk.begin_detach(machine)
        host.wait_dead()
        assert disk.status() in ("Detaching", "Available")
        host.start()
        disk.wait("Available")
        writer.wait_ended(timeout=60)
    expect_unplugged(machine, disk)
    cluster.call("delete_disk", disk_id=disk.id)


def test_guests_run_on_without_their_host_and_are_found_again(cluster, machines):
    here, there = machines
    host = cluster.hosts[0]
    pids = [machine.pid() for machine in machines]
    boot = here.guest.boot()
    disk = cluster.disk(size=20).attach(here)
    here.guest.wait_disk(disk.serial)
    written = here.guest.write_pattern(disk.serial)
    host.kill()
    assert here.guest.boot() == boot
    assert [machine.status() for machine in machines] == ["Running", "Running"]
    cluster.call("stop_instance", instance_id=here.id)
    assert here.status() == "Stopping", "nobody but its host can do that"
    host.start()
    here.wait("Stopped")
    cluster.call("re_init_disk", disk_id=disk.id)
    disk.wait("In_use")
    cluster.call("start_instance", instance_id=here.id)
    here.wait("Running")
    here.guest.wait_ready(other_than=boot)
    here.guest.wait_disk(disk.serial)
    assert here.guest.read_checksum(disk.serial) != written, "it has its first content again: none"
    disk.detach(here)
    host.kill()
    here.guest.power_off()
    until(lambda: not (here.run / "qemu.pid").exists(), "a guest that is off")
    assert here.status() == "Running", "unknown is not dead"
    host.start()
    here.wait("Stopped")
    cluster.call("start_instance", instance_id=here.id)
    here.wait("Running")
    here.guest.wait_ready()
    assert there.pid() == pids[1] and there.status() == "Running"
    listed = cluster.listed()
    assert {name: host["state"] for name, host in listed.items()} == {"host-a": "up", "host-b": "up"}
    assert [listed[name]["images"] for name in sorted(listed)] == [["m-guest"], ["m-guest"]]


def test_instances_are_placed_where_their_image_is(cluster, machines):
    cluster.hosts[1].import_guest("other")
    until(lambda: cluster.images() == [["m-guest", "m-other"]] * 2, "the image of one host at both servers")
    made = [cluster.launch(image="m-other") for _ in range(2)]
    assert [machine.host.name for machine in made] == ["host-b", "host-b"], "though it is fuller"
    cluster.control("hosts", "drain", "host-b")
    code, message = refusal(cluster.launch, image="m-other")
    assert code == "OperationDenied.NoStock" and "m-other" in message
    for machine in made:
        machine.wait("Running")
        cluster.call("delete_instance", instance_id=machine.id, force=True)
        machine.wait("gone")
        until(lambda: not cluster.hosts[1].has(machine), "a host without the machine")  # noqa: B023


def test_a_removed_host_ends_guests_of_instances_that_are_elsewhere(cluster, machines):
    """As a host finds it that was away while it was fenced, its instances were given to others, and it was removed."""
    here = machines[0]
    here.wait("Running")
    host, pid = cluster.hosts[0], here.pid()
    host.kill()
    moved = """replace(body, '"host":"host-a"', '"host":"host-b"')"""
    cluster.change_store(f"UPDATE instances SET body = {moved} WHERE id = '{here.id}'")
    cluster.change_store("DELETE FROM hosts WHERE name = 'host-a'")
    assert runs(pid)
    host.start()
    assert not runs(pid)
    assert "ended the guests of instances that are on other hosts" in host.log.read_text(errors="replace")
