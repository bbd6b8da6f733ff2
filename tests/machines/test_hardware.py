"""The hardware that a guest sees: its machine type, its firmware, the order of its disks, the thread of its disks."""

import json
import pathlib
import shutil
import subprocess

import pytest
from host import GUEST, SOON_S, until


def qemu_arguments(machine):
    """The command line of a machine's QEMU."""
    return pathlib.Path(f"/proc/{machine.pid()}/cmdline").read_text().split("\0")


def machine_type(machine):
    line = qemu_arguments(machine)
    return line[line.index("-machine") + 1].split(",")[0]


def stop(host, machine):
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")


def start(host, machine):
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready(SOON_S)


def change_record(host, machine, **fields):
    """Changes diskdock's record of a machine that is off, while no server runs, as an operator does."""
    host.kill()
    (machine.directory / "machine.json").write_text(json.dumps({**machine.record(), **fields}))
    host.start()


def refused_start(host, machine):
    host.call("start_instance", instance_id=machine.id)
    rows = until(lambda: host.given_up(instance=machine.id), "a refusal")
    machine.wait("Stopped")
    return rows[0]["last_event"]


def test_machine_type_of_the_first_start_is_kept(host):
    machine = host.ready()
    newest = machine_type(machine)
    assert newest.startswith("pc-q35-"), newest
    assert machine.record()["machine_type"] == newest
    # As if it had been made under an older QEMU.
    stop(host, machine)
    change_record(host, machine, machine_type="pc-q35-6.0")
    start(host, machine)
    assert machine_type(machine) == "pc-q35-6.0"
    stop(host, machine)
    change_record(host, machine, machine_type="pc-q35-1.0")
    reason = refused_start(host, machine)
    assert "pc-q35-1.0" in reason and "--qemu" in reason, reason


def test_disks_have_the_order_of_their_device_names_after_a_start(host):
    machine = host.ready()
    disks = {letter: host.disk() for letter in "dcb"}
    for letter, disk in disks.items():
        host.call("attach_disk", instance_id=machine.id, disk_id=disk.id, device=f"/dev/xvd{letter}")
        disk.wait("In_use")
        machine.guest.wait_disk(disk.serial)
    for again in ("start", "reboot"):
        if again == "start":
            stop(host, machine)
            start(host, machine)
        else:
            boot = machine.guest.boot()
            host.call("reboot_instance", instance_id=machine.id)
            machine.guest.wait_ready(SOON_S, other_than=boot)
            machine.wait("Running")
        serials = machine.guest.check("cat /sys/block/vdb/serial /sys/block/vdc/serial /sys/block/vdd/serial")
        # The kernel adds no newline of its own to a serial number that fills its place.
        found = serials.replace("\n", "")
        assert found == "".join(disks[letter].serial for letter in "bcd"), found
    for disk in disks.values():
        disk.detach(machine)
    host.agrees()


def test_start_without_the_image_says_what_to_do(host):
    machine = host.ready()
    stop(host, machine)
    image = host.data / "images" / "m-guest"
    aside = host.root / "m-guest"
    shutil.move(image, aside)
    reason = refused_start(host, machine)
    assert "image m-guest" in reason and "import it again" in reason, reason
    shutil.move(aside, image)
    start(host, machine)


@pytest.fixture(scope="module")
def uefi_disk(tmp_path_factory):
    """A disk with a FAT file system from which UEFI's shell starts the test guest."""
    root = tmp_path_factory.mktemp("uefi")
    files = root / "files"
    files.mkdir()
    shutil.copy(GUEST / "vmlinuz", files / "vmlinuz.efi")
    shutil.copy(GUEST / "initrd.gz", files / "initrd.gz")
    (files / "startup.nsh").write_text("fs0:\r\nvmlinuz.efi initrd=\\initrd.gz console=ttyS0 quiet no_timer_check\r\n")
    disk = root / "disk.raw"
    subprocess.run(["qemu-img", "convert", "-f", "vvfat", "-O", "raw", f"fat:{files}", disk], check=True)
    return disk


def test_uefi_image_boots_and_keeps_its_variables(host, uefi_disk):
    host.command("image", "import", uefi_disk, "--name", "uefi", "--boot-mode", "uefi", "--format", "raw")
    body = host.call("describe_images", region_id="cn-hangzhou", image_id="m-uefi")
    assert body.images.image[0].boot_mode == "UEFI"
    machine = host.launch(image="m-uefi")
    machine.wait("Running")
    machine.guest.wait_ready(4 * SOON_S)
    machine.guest.check("[ -d /sys/firmware/efi ]")
    variables = machine.run / "uefi-variables.fd"
    before = variables.stat().st_ino
    disk = host.disk().attach(machine)
    machine.guest.wait_disk(disk.serial)
    disk.detach(machine)
    stop(host, machine)
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready(4 * SOON_S)
    assert variables.stat().st_ino == before


@pytest.mark.parametrize("cache", ["none", "writeback"])
def test_disk_cache_is_that_of_every_disk(new_host, cache):
    host = new_host().start(None, "--disk-cache", cache)
    machine = host.ready()
    disk = host.disk().attach(machine)
    machine.guest.wait_disk(disk.serial)
    with machine.qmp() as qmp:
        direct = {node["node-name"]: node["cache"]["direct"] for node in qmp("query-named-block-nodes", flat=True)}
        threads = qmp("query-iothreads")
    names = machine.devices()
    assert len(names) == 2 and all(direct[name] == (cache == "none") for name in names), direct
    assert len(threads) == 1
    pattern = machine.guest.write_pattern(disk.serial, seed=7)
    descriptors = machine.descriptors()
    for _ in range(10):
        disk.detach(machine)
        machine.guest.wait_disk(disk.serial, present=False)
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
    assert machine.descriptors() <= descriptors + 2
    assert machine.guest.read_checksum(disk.serial) == pattern
    disk.detach(machine)
    host.agrees()
