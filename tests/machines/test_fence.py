"""A QEMU that hangs: nobody knows what its guest still writes, and its disks stay with it until it is fenced."""

import contextlib
import os
import pathlib
import signal

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from host import SOON_S, ZONE, until

OTHER_ZONE = "cn-hangzhou-h"
TYPE_FOR_REGIONAL_DISKS = "ecs.c6e.tiny"
# As long as an unplug may take, and a moment more.
DETACH_TIMEOUT_MS = 301_000


@contextlib.contextmanager
def hung(machine):
    """The QEMU of a machine stands still, monitor and all; its process, which is given, goes on afterwards if it is there.

    The server has to stay meanwhile: to a stopped child of a process that ends, Linux sends SIGHUP and SIGCONT.
    """
    pid = machine.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def is_there(pid):
    return pathlib.Path(f"/proc/{pid}").exists()


def silent(host):
    """The detach has found that the machine does not answer."""
    until(lambda: "QEMU: no reply" in host.log_tail(), "a machine that does not answer")


def holder(disk):
    described = disk.described()
    return described.status, described.instance_id


def test_detach_from_a_hung_qemu_ends_at_the_deadline_and_works_when_it_answers(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    with hung(machine):
        disk.begin_detach(machine)
        silent(host)
        host.control("clock/advance", {"milliseconds": DETACH_TIMEOUT_MS})
        disk.wait("In_use")
        assert len(host.given_up(disk=disk.id)) == 1
        assert machine.status() == "Running", "silence is not the end of a machine"
    disk.detach(machine)
    machine.guest.wait_disk(disk.serial, present=False)
    host.agrees()


def test_disk_of_a_hung_qemu_is_free_only_after_the_machine_is_fenced(host):
    machine, leaving, staying = host.ready(), host.disk(), host.disk()
    for disk in (leaving, staying):
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
    written = {disk: machine.guest.write_pattern(disk.serial, seed=seed) for seed, disk in enumerate((leaving, staying))}
    with hung(machine) as pid:
        leaving.begin_detach(machine)
        silent(host)
        assert (leaving.status(), staying.status()) == ("Detaching", "In_use")
        done = host.command("admin", "instances", "fence", machine.id)
        assert machine.id in done.stdout, done
        assert not is_there(pid)
        machine.wait("Stopped")
        leaving.wait("Available")
        assert staying.status() == "In_use"
    staying.detach(machine)
    other = host.ready()
    for disk in (leaving, staying):
        disk.attach(other)
        other.guest.wait_disk(disk.serial)
        assert other.guest.read_checksum(disk.serial) == written[disk]
    host.call("start_instance", instance_id=machine.id)
    machine.guest.wait_ready(SOON_S)
    assert not {leaving.serial, staying.serial} & set(machine.guest.disks())
    host.agrees()


def test_disk_of_a_hung_qemu_is_taken_over_with_force_only_after_the_machine_is_fenced(host):
    system = models.RunInstancesRequestSystemDisk(category="cloud_essd")
    here = host.ready(TYPE_FOR_REGIONAL_DISKS, zone=ZONE, system_disk=system)
    there = host.ready(TYPE_FOR_REGIONAL_DISKS, zone=OTHER_ZONE, system_disk=system)
    disk = host.disk(category="cloud_regional_disk_auto")
    disk.attach(here)
    here.guest.wait_disk(disk.serial)
    written = here.guest.write_pattern(disk.serial, seed=7)
    with hung(here) as pid:
        disk.begin_detach(here)
        silent(host)
        with pytest.raises(ClientException) as refusal:
            host.call("attach_disk", instance_id=there.id, disk_id=disk.id, force=True)
        assert refusal.value.code == "IncorrectDiskStatus"
        assert holder(disk) == ("Detaching", here.id) and not there.guest.has_disk(disk.serial)
        host.command("admin", "instances", "fence", here.id)
        assert not is_there(pid)
        # The detach may not have ended yet, or it has: then Force asks for nothing.
        host.call("attach_disk", instance_id=there.id, disk_id=disk.id, force=True)
        disk.wait("In_use")
    assert holder(disk) == ("In_use", there.id)
    there.guest.wait_disk(disk.serial)
    assert there.guest.read_checksum(disk.serial) == written
    host.call("start_instance", instance_id=here.id)
    here.guest.wait_ready(SOON_S)
    assert not here.guest.has_disk(disk.serial)
    host.agrees()
