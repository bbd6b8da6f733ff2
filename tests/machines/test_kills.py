"""The server is killed at every step of attach and detach, and QEMU in the middle of one."""

import os
import signal

import pytest
from host import until

ATTACH = ["record.written", "plug.recorded", "plug.opened", "plug.added", "operation.ending", "operation.ended"]
DETACH = ["unplug.ask", "unplug.asked", "record.written", "unplug.let_go", "unplug.closed", "unplug.durable",
          "unplug.off_record", "operation.ending", "operation.ended"]
ATTACH_OFF = ["plug.recorded", "operation.ending", "operation.ended"]
DETACH_OFF = ["unplug.off", "unplug.durable", "unplug.off_record", "operation.ending", "operation.ended"]


def restarted_at(host, failpoint, act):
    """Acts on a server that dies at the failpoint, and starts it again."""
    host.kill()
    host.start(failpoint)
    try:
        act()
    except Exception:  # noqa: BLE001  (the answer may die with the server)
        pass
    host.wait_dead()
    host.start()


@pytest.fixture(scope="module")
def disk(shared):
    return shared.disk()


def expect_devices(machine, disk, there):
    found = [name for name in machine.devices() if name.startswith(f"{disk.id}.")]
    assert len(found) == (1 if there else 0), found
    assert any(node.startswith(f"{disk.id}.") for node in machine.nodes()) == there


@pytest.mark.parametrize("failpoint", ATTACH)
def test_attach_completes_after_a_server_kill_at(shared, disk, failpoint):
    machine = shared.machine
    restarted_at(shared, failpoint, lambda: shared.call("attach_disk", instance_id=machine.id, disk_id=disk.id))
    disk.wait("In_use")
    expect_devices(machine, disk, there=True)
    machine.guest.wait_disk(disk.serial)
    shared.agrees()
    disk.detach(machine)


@pytest.mark.parametrize("failpoint", DETACH)
def test_detach_completes_after_a_server_kill_at(shared, disk, failpoint):
    machine = shared.machine
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    restarted_at(shared, failpoint, lambda: disk.begin_detach(machine))
    disk.wait("Available")
    expect_devices(machine, disk, there=False)
    assert not machine.guest.has_disk(disk.serial)
    shared.agrees()


def test_server_kills_while_the_instance_is_stopped(shared, disk):
    machine = shared.machine
    shared.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    for failpoint in ATTACH_OFF:
        restarted_at(shared, failpoint,
                     lambda: shared.call("attach_disk", instance_id=machine.id, disk_id=disk.id))
        disk.wait("In_use")
        shared.agrees()
        disk.detach(machine)
    for failpoint in DETACH_OFF:
        disk.attach(machine)
        restarted_at(shared, failpoint, lambda: disk.begin_detach(machine))
        disk.wait("Available")
        shared.agrees()
    disk.attach(machine)
    shared.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    machine.guest.wait_disk(disk.serial)
    disk.detach(machine)
    shared.agrees()


def test_detach_completes_when_qemu_is_killed(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    until(lambda: host.operations(disk=disk.id)[0]["tries"] > 1, "a guest that was asked")
    assert disk.status() == "Detaching"
    os.kill(machine.pid(), signal.SIGKILL)
    disk.wait("Available")
    machine.wait("Stopped")
    host.agrees()
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready()
    assert not machine.guest.has_disk(disk.serial)
