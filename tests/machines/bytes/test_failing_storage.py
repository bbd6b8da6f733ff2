"""Storage that fails under a running guest: the host cannot write a disk out, or diskdock's record of the machine."""

import pathlib
import shlex
import shutil
import subprocess

import pytest
from guest import GuestError
from host import REGION, until

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def failing(new_host):
    """A host, and the file whose presence lets every write-out of a data disk fail in QEMU."""
    host = new_host()
    flag, library, qemu = host.root / "fails", host.root / "failing_sync.so", host.root / "qemu"
    subprocess.run(["cc", "-shared", "-fPIC", "-O", f'-DFLAG="{flag}"', "-o", library, HERE / "failing_sync.c"],
                   check=True)
    program = shutil.which("qemu-system-x86_64")
    qemu.write_text(f"#!/bin/sh\nLD_PRELOAD={shlex.quote(str(library))} exec {program} \"$@\"\n")
    qemu.chmod(0o755)
    host.options = ("--qemu", str(qemu))
    return host.start(None, *host.options), flag


def write_in_vain(machine, disk, flag):
    """A guest writes while its disk cannot be written out, and is told so."""
    flag.touch()
    with pytest.raises(GuestError):
        machine.guest.write_pattern(disk.serial, seed=1)
    flag.unlink()


def is_damaged(host, disk):
    return any(one["disk"] == disk.id for one in host.control("disks/damaged")["damaged"])


def health(host, disk):
    """As clients see it."""
    reply = host.call("describe_disks_full_status", region_id=REGION, disk_id=[disk.id])
    return reply.disk_full_status_set.disk_full_status_type[0].health_status.name


def stays_damaged(host, machine, disk):
    """DetachDisk ends in In_use, with a reason that says what to do."""
    before = len(host.given_up(disk=disk.id))
    disk.begin_detach(machine)
    rows = until(lambda: (rows := host.given_up(disk=disk.id)) and len(rows) > before and rows, "a refusal")
    assert "lost" in rows[0]["last_event"] and "admin accept" in rows[0]["last_event"], rows[0]
    disk.wait("In_use")
    assert is_damaged(host, disk) and host.metric("diskdock_disks_damaged") == 1
    assert disk.id in host.log_tail()
    differences = host.control("differences")["differences"]
    assert any(disk.id in one["what"] for one in differences), differences
    until(lambda: health(host, disk) == "Impaired", "an impaired disk", pause_s=0.5)


def test_failed_write_out_under_a_guest_damages_its_disk_until_accepted(failing):
    host, flag = failing
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    write_in_vain(machine, disk, flag)
    until(lambda: is_damaged(host, disk), "damage")
    # Every sync succeeds from now on, as on Linux after one that failed.
    stays_damaged(host, machine, disk)
    host.restart(*host.options)
    stays_damaged(host, machine, disk)
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    host.call("start_instance", instance_id=machine.id)
    rows = until(lambda: host.given_up(instance=machine.id), "a start that is refused")
    assert any("admin accept" in row["last_event"] for row in rows), rows
    machine.wait("Stopped")
    host.command("admin", "accept", disk.id)
    assert health(host, disk) == "Ok"
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    disk.detach(machine)
    assert host.metric("diskdock_disks_damaged") == 0
    host.agrees()


def test_write_out_that_fails_while_no_server_runs_damages_the_disk_once(failing):
    host, flag = failing
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    host.kill()
    write_in_vain(machine, disk, flag)
    host.start(None, *host.options)
    until(lambda: is_damaged(host, disk), "damage")
    host.command("admin", "accept", disk.id)
    host.restart(*host.options)
    host.agrees()
    assert not is_damaged(host, disk), "an operator has accepted it"
    disk.detach(machine)


@pytest.fixture(params=["record.write", "record.sync"])
def unrecorded(new_host, request):
    """A host, and the file whose presence lets saving the record of a machine fail."""
    host = new_host()
    flag = host.root / "fails"
    host.environment = {"DISKDOCK_FAILPOINT_ERROR": f"{request.param}@{flag}"}
    return host.start(), flag


def waits_for_the_record(host, disk):
    """The operation of the disk says that it waits for the record of its machine."""
    def says():
        return [row for row in host.operations(disk=disk.id) if "the record of" in row["last_event"]]

    until(says, "an operation that waits for the record")


def agrees_soon(host):
    """That the machine could not be followed is a difference until it is followed again."""
    until(lambda: host.control("differences")["differences"] == [], "store and machines that agree")


def has_device(machine, disk):
    return any(name.startswith(f"{disk.id}.") for name in machine.devices())


def recorded(machine):
    return [at["disk"] for at in machine.record()["disks"]]


def test_attach_without_a_record_gives_the_guest_no_disk(unrecorded):
    host, flag = unrecorded
    machine, disk = host.ready(), host.disk()
    flag.touch()
    disk.attach(machine, "Attaching")
    waits_for_the_record(host, disk)
    assert not has_device(machine, disk) and disk.status() == "Attaching"
    host.restart()
    waits_for_the_record(host, disk)
    assert not has_device(machine, disk) and disk.status() == "Attaching"
    flag.unlink()
    disk.wait("In_use")
    assert disk.id in recorded(machine)
    machine.guest.wait_disk(disk.serial)
    agrees_soon(host)


def test_detach_without_a_record_is_not_available_before_it_is_recorded(unrecorded):
    host, flag = unrecorded
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    pattern = machine.guest.write_pattern(disk.serial, seed=5)
    flag.touch()
    disk.begin_detach(machine)
    machine.guest.wait_disk(disk.serial, present=False)
    waits_for_the_record(host, disk)
    assert not has_device(machine, disk) and disk.status() == "Detaching"
    host.restart()
    waits_for_the_record(host, disk)
    assert disk.status() == "Detaching"
    flag.unlink()
    disk.wait("Available")
    assert disk.id not in recorded(machine)
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    assert machine.guest.read_checksum(disk.serial) == pattern
    agrees_soon(host)
