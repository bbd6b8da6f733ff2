"""Custom images of real machines: what was on the disks is on those of new instances, whatever is killed meanwhile."""

import pytest
from guest import pattern_checksum
from host import REGION, Disk, until
from snapshots import begin, expect_no_orphans
from test_kills import restarted_at
from test_set_back import start, stop, system_disk

MIB = 1 << 20
STEPS = ["snapshot.flushed", "snapshot.whole", "operation.ending", "operation.ended"]


def images(host, **wanted):
    return host.call("describe_images", region_id=REGION, image_owner_alias="self", status="ALL", **wanted).images.image


def wait(host, image, status="Available"):
    until(lambda: [one.status for one in images(host, image_id=image)] == [status], f"{image} being {status}")
    return image


def create(host, **source):
    return host.call("create_image", region_id=REGION, **source).image_id


def disks_of(machine):
    """The system disk, then the data disks."""
    found = machine.host.call("describe_disks", region_id=REGION, instance_id=machine.id).disks.disk
    return [Disk(machine.host, one.disk_id) for one in sorted(found, key=lambda one: one.device)]


def write(machine, seed):
    for disk in disks_of(machine):
        machine.guest.wait_disk(disk.serial)
        machine.guest.write_pattern(disk.serial, seed=seed)


def expect(machine, seed):
    for disk in disks_of(machine):
        machine.guest.wait_disk(disk.serial)
        assert machine.guest.read_checksum(disk.serial) == pattern_checksum(MIB, seed)


@pytest.fixture
def written(host):
    """A machine that is on, with a pattern on its system disk and its data disk."""
    host.machine = host.ready()
    host.disk().attach(host.machine)
    write(host.machine, seed=1)
    return host.machine


def test_instance_of_a_custom_image_has_what_was_on_the_disks(host, written):
    image = wait(host, create(host, instance_id=written.id, image_name="golden"))
    write(written, seed=2)
    made = host.ready(image=image)
    assert len(disks_of(made)) == 2
    expect(made, seed=1)
    expect(written, seed=2)
    # It starts as the imported image says, also when the custom one is gone.
    write(made, seed=3)
    host.call("delete_image", region_id=REGION, image_id=image, force=True)
    stop(made)
    host.restart()
    start(made)
    expect(made, seed=3)
    host.agrees()
    # And so does an image of it, which no longer comes from one that is there.
    again = wait(host, create(host, instance_id=made.id, image_name="again"))
    stop(written)
    expect(host.ready(image=again), seed=3)


@pytest.mark.parametrize("failpoint", STEPS)
def test_create_image_completes_after_a_server_kill_at(host, written, failpoint):
    restarted_at(host, failpoint, lambda: create(host, instance_id=written.id, image_name="golden"))
    image = until(lambda: images(host), "the image")[0].image_id
    wait(host, image)
    expect(host.ready(image=image), seed=1)
    host.agrees()


def test_replace_system_disk_with_a_custom_image_gives_its_content(host, written):
    snapshot = begin(host, system_disk(written)).wait("accomplished")
    image = wait(host, create(host, snapshot_id=snapshot.id))
    write(written, seed=2)
    stop(written)
    host.call("replace_system_disk", instance_id=written.id, image_id=image)
    new = until(lambda: [disk for disk in disks_of(written)[:1] if disk.status() == "In_use"], "another system disk")[0]
    start(written)
    assert written.guest.read_checksum(new.serial) == pattern_checksum(MIB, 1)
    # Set back, it begins with the image again.
    written.guest.write_pattern(new.serial, seed=3)
    stop(written)
    host.call("re_init_disk", disk_id=new.id)
    new.wait("In_use")
    start(written)
    assert written.guest.read_checksum(new.serial) == pattern_checksum(MIB, 1)
    expect_no_orphans(host, written)


def test_image_that_no_machine_could_start_from_is_refused(host, written):
    snapshot = begin(host, disks_of(written)[1]).wait("accomplished")
    disk = {"SnapshotId": snapshot.id, "DiskType": "system"}
    mapping = {f"DiskDeviceMapping.1.{name}": value for name, value in disk.items()}
    named = {"RegionId": REGION, "Platform": "Debian", "Architecture": "x86_64", **mapping}
    told = host.command("call", "CreateImage", *[text for pair in named.items() for text in (f"--{pair[0]}", pair[1])],
                        check=False)
    assert told.returncode != 0 and "OperationDenied" in told.stdout + told.stderr, told
    assert all(one.image_id == "m-guest" for one in images(host)), "the imported one is there alone"
