"""Files of a machine that are lost while its guest runs: unknown is not off, and no disk leaves a guest that reaches it."""

import time

import pytest
from guest import verify_file
from host import until

LOOKED_FOR_S = 5
"""A disk that would leave a machine that counts as off is gone within a moment."""


@pytest.fixture
def used(host):
    """A Running guest with a disk."""
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    return machine, disk


def stays(machine, disk):
    deadline = time.monotonic() + LOOKED_FOR_S
    while time.monotonic() < deadline:
        assert disk.status() in ("In_use", "Detaching")
        assert machine.status() in ("Running", "Stopping")
        time.sleep(0.1)


def puts_back(machines, aside):
    if machines.exists():
        machines.rename(machines.with_suffix(".other"))
    aside.rename(machines)


def test_guest_goes_on_and_gives_its_disk_back_without_the_power_file(host, used):
    machine, disk = used
    (machine.directory / "power").unlink()
    host.restart()
    host.agrees()
    assert machine.status() == "Running"
    with machine.guest.writer(disk.serial) as writer:
        writer.wait_for(100)
        disk.detach(machine)
        acknowledged = writer.wait_ended()
    assert verify_file(disk.file, acknowledged) >= 100
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    host.agrees()


def test_disk_whose_file_is_missing_stays_when_the_record_of_its_machine_is_lost_too(host, used):
    machine, disk = used
    disk.file.unlink()
    host.call("detach_disk", instance_id=machine.id, disk_id=disk.id)
    until(lambda: not any(name.startswith(disk.id) for name in machine.devices()), "the guest letting go")
    host.stop()
    (machine.directory / "machine.json").unlink()
    host.start(None)
    stays(machine, disk)
    assert any(name.startswith(disk.id) for name in machine.nodes()), "QEMU has the last copy open"
    refused = host.command("admin", "restore", disk.id, check=False)
    assert refused.returncode != 0 and "not known which bytes" in refused.stderr, refused.stderr


@pytest.mark.parametrize("comes_back", ["moved", "copied"])
def test_guest_keeps_its_disk_while_the_directory_of_machines_is_gone(host, used, comes_back):
    machine, disk = used
    machines, aside = host.data / "machines", host.data / "machines.aside"
    host.stop()
    machines.rename(aside)
    if comes_back == "copied":
        # The files are there, but not those that QEMU holds.
        machine.directory.mkdir(parents=True)
        for name in ("power", "machine.json"):
            if (aside / machine.id / name).exists():
                (machine.directory / name).write_bytes((aside / machine.id / name).read_bytes())
    host.start()
    disk.begin_detach(machine)
    stays(machine, disk)
    host.stop()
    puts_back(machines, aside)
    host.start()
    disk.wait("Available")
    until(lambda: not machine.guest.has_disk(disk.serial), "a disk that is gone for its guest")
    assert machine.status() == "Running"


def test_forced_stop_is_not_believed_while_the_directory_of_machines_is_gone(host, used):
    machine, disk = used
    machines, aside = host.data / "machines", host.data / "machines.aside"
    host.stop()
    machines.rename(aside)
    host.start()
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    stays(machine, disk)
    host.stop()
    puts_back(machines, aside)
    host.start()
    machine.wait("Stopped")
    assert disk.status() == "In_use"
    host.agrees()
