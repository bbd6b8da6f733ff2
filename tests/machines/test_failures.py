"""Guests that refuse to release a disk, or release it late."""

import time

import pytest
from host import COMMAND_LINE, SOON_S, until

# As long as an unplug may take, and a moment more.
DETACH_TIMEOUT_MS = 301_000
# How often it is looked whether a machine that found the host full can go on.
LOOK_FOR_ROOM_S = 5


@pytest.fixture
def attached(shared):
    """A disk on the guest of this file; the guest answers again and the disk is off afterwards."""
    machine, disk = shared.machine, shared.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    yield disk
    # It answers already, unless the test failed.
    machine.guest.run("unplug answer")
    if disk.status() == "In_use":
        disk.begin_detach(machine)
    disk.wait("Available")
    shared.agrees()


def in_flight(host, disk):
    rows = [row for row in host.operations(disk=disk.id) if not row["given_up"]]
    return rows[0] if rows else None


def asked_in_vain(host, disk):
    return until(lambda: (row := in_flight(host, disk)) and "asked" in row["last_event"] and row,
                 "a guest that was asked")


def give_up(host, disk):
    """Moves the clock beyond the deadline."""
    asked_in_vain(host, disk)
    host.control("clock/advance", {"milliseconds": DETACH_TIMEOUT_MS})
    disk.wait("In_use")


def test_detach_ignored_by_the_guest_keeps_the_disk_and_may_succeed_later(shared, attached):
    machine, disk, before = shared.machine, attached, shared.metric("diskdock_operations_given_up")
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    give_up(shared, disk)
    [row] = shared.given_up(disk=disk.id)
    assert "deadline" in row["last_event"] and "asked" in row["last_event"], row
    assert shared.metric("diskdock_operations_given_up") == before + 1
    assert "operation given up" in shared.log_tail()
    # It still works in the guest.
    assert machine.guest.write_pattern(disk.serial, seed=3) == machine.guest.read_checksum(disk.serial)
    machine.guest.answer_unplug()
    # A request to let go cannot be withdrawn: the guest lets go of it now, and the store follows.
    disk.wait("Available")
    assert not machine.guest.has_disk(disk.serial)
    shared.agrees()


def test_detach_succeeds_after_a_guest_that_ignored_it_answers(shared, attached):
    machine, disk = shared.machine, attached
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    give_up(shared, disk)
    # A second try while the guest still says nothing; then it answers, and the same try succeeds.
    disk.begin_detach(machine)
    asked_in_vain(shared, disk)
    machine.guest.answer_unplug()
    disk.wait("Available")


def test_call_wait_prints_why_a_detach_failed(shared, attached):
    import threading

    machine, disk = shared.machine, attached
    machine.guest.ignore_unplug()
    said = []
    line = ("call", "DetachDisk", "--InstanceId", machine.id, "--DiskId", disk.id, "--wait")
    waits = threading.Thread(target=lambda: said.append(shared.command(*line, check=False)))
    waits.start()
    until(lambda: disk.status() == "Detaching", "a detach")
    give_up(shared, disk)
    waits.join(timeout=SOON_S)
    assert said[0].returncode == 1
    assert "asked" in said[0].stderr and "deadline" in said[0].stderr, said[0].stderr


def test_detach_deadline_is_suspended_while_the_machine_is_paused(shared, attached):
    machine, disk = shared.machine, attached
    with machine.qmp() as qmp:
        qmp("stop")
        disk.begin_detach(machine)
        row = until(lambda: (row := in_flight(shared, disk)) and "paused" in row["last_event"] and row, "a pause")
        assert row["deadline_at"] == "stands still"
        shared.control("clock/advance", {"milliseconds": 10 * DETACH_TIMEOUT_MS})
        until(lambda: in_flight(shared, disk)["tries"] > row["tries"], "another look")
        assert disk.status() == "Detaching"
        qmp("cont")
    disk.wait("Available")
    assert shared.given_up(disk=disk.id) == []


def test_admin_pause_stops_the_guest_until_admin_resume(shared, attached):
    machine, disk = shared.machine, attached

    def admin(verb, instance, code):
        done = shared.command("admin", verb, instance, check=False)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    def state():
        with machine.qmp() as qmp:
            return qmp("query-status")["status"]

    assert "not paused" in admin("resume", machine.id, 1)
    assert "no instance" in admin("pause", "i-nowhere", 1)
    admin("pause", machine.id, 0)
    assert state() == "paused"
    assert "paused by an operator" in admin("pause", machine.id, 1)
    assert machine.status() == "Running"
    disk.begin_detach(machine)
    until(lambda: (row := in_flight(shared, disk)) and "paused by an operator" in row["last_event"], "a pause")
    # Another server finds it as it is, and lets it be.
    shared.restart()
    [found] = shared.control("differences")["differences"]
    assert found["instance"] == machine.id and "paused by an operator" in found["what"]
    assert "a virtual machine stands still" in shared.log_tail()
    time.sleep(LOOK_FOR_ROOM_S + 1)
    assert state() == "paused" and disk.status() == "Detaching"
    admin("resume", machine.id, 0)
    assert state() == "running"
    disk.wait("Available")


def test_reset_of_the_guest_completes_a_detach(shared, attached):
    machine, disk = shared.machine, attached
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    asked_in_vain(shared, disk)
    boot = machine.guest.boot()
    with machine.qmp() as qmp:
        qmp("system_reset")
    disk.wait("Available")
    machine.guest.wait_ready(SOON_S, other_than=boot)
    assert not machine.guest.has_disk(disk.serial)
    assert machine.status() == "Running"


def test_detach_during_the_boot_of_the_guest(host):
    machine = host.launch()
    machine.wait("Running")
    disk = host.disk()
    disk.attach(machine)
    disk.begin_detach(machine)
    disk.wait("Available")
    machine.guest.wait_ready(SOON_S)
    assert not machine.guest.has_disk(disk.serial)
    host.agrees()


def test_detach_from_a_hung_guest_keeps_the_disk_until_a_reset(host):
    host.import_guest("hung", f"{COMMAND_LINE} diskdock.hang")
    machine, disk = host.launch(image="m-hung"), host.disk()
    machine.wait("Running")
    console = machine.run / "console.log"
    until(lambda: "hangs" in console.read_text(errors="replace"), "a guest that hangs")
    disk.attach(machine)
    disk.begin_detach(machine)
    give_up(host, disk)
    disk.begin_detach(machine)
    asked_in_vain(host, disk)
    assert disk.status() == "Detaching"
    with machine.qmp() as qmp:
        qmp("system_reset")
    disk.wait("Available")
    host.agrees()


def test_detach_right_after_attach(shared):
    machine, disk = shared.machine, shared.disk()
    for _ in range(10):
        shared.call("attach_disk", instance_id=machine.id, disk_id=disk.id)
        disk.wait("In_use")
        disk.begin_detach(machine)
        disk.wait("Available")
    assert not machine.guest.has_disk(disk.serial)
    shared.agrees()


def test_server_restart_while_a_guest_ignores_a_detach(shared, attached):
    machine, disk = shared.machine, attached
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    asked_in_vain(shared, disk)
    shared.restart()
    asked_in_vain(shared, disk)
    assert disk.status() == "Detaching"
    machine.guest.answer_unplug()
    disk.wait("Available")
