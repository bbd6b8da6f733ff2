"""The life of instances: start, stop, reboot, delete, and running without the server."""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from host import REGION, SOON_S, TYPE_WITHOUT_HOT_DETACH, Disk, until


def refused(call, code):
    with pytest.raises(ClientException) as refusal:
        call()
    assert refusal.value.code == code


def test_guests_keep_running_without_the_server_and_are_found_after_its_restart(host):
    stays, leaves, dies = host.ready(), host.ready(), host.ready()
    disk = host.disk()
    disk.attach(stays)
    stays.guest.wait_disk(disk.serial)
    boots = stays.guest.boot()
    host.kill()
    written = stays.guest.write_pattern(disk.serial, seed=5)
    leaves.guest.power_off()
    until(lambda: not (leaves.run / "qemu.pid").exists(), "a guest that is off")
    os.kill(dies.pid(), 9)
    host.start()
    leaves.wait("Stopped")
    dies.wait("Stopped")
    assert stays.status() == "Running" and stays.guest.boot() == boots
    host.agrees()
    disk.detach(stays)
    disk.attach(stays)
    stays.guest.wait_disk(disk.serial)
    assert stays.guest.read_checksum(disk.serial) == written


def test_guest_that_powers_off_makes_its_instance_stopped(host):
    machine = host.ready()
    machine.guest.power_off()
    machine.wait("Stopped", within_s=15)
    host.agrees()


def test_stop_start_and_reboot_of_an_instance(host):
    machine = host.ready(user_data=base64.b64encode(b"#cloud-config\n# $(touch /tmp/x) \"'\n").decode())
    assert machine.guest.check("cat /seed/user-data") == "#cloud-config\n# $(touch /tmp/x) \"'"
    assert json.loads(machine.guest.check("cat /seed/meta-data"))["instance-id"] == machine.id
    # The seed takes no letter from the disks: what the API calls xvda is vda.
    assert machine.guest.check("ls /sys/block | grep ^vd") == "vda"
    assert machine.guest.check("grep -o ' /seed ' /proc/mounts; ls /sys/block | grep ^sr").split() == ["/seed", "sr0"]
    boot = machine.guest.boot()
    host.call("reboot_instance", instance_id=machine.id)
    until(lambda: machine.status() == "Running" and (machine.run / "qemu.pid").exists(), "a reboot")
    boot = machine.guest.wait_ready(SOON_S, other_than=boot)
    machine.wait("Running")
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    assert machine.host.given_up(instance=machine.id) == []
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready(SOON_S, other_than=boot)
    # A guest that does not hear its power button.
    machine.guest.ignore_power_button()
    host.call("stop_instance", instance_id=machine.id)
    until(lambda: host.operations(instance=machine.id), "a stop under way")
    assert machine.status() == "Stopping"
    host.control("clock/advance", {"milliseconds": 61_000})
    machine.wait("Stopped")
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped", within_s=15)
    host.agrees()


def test_guest_is_not_offered_a_sleep_after_which_it_hears_no_unplug(host):
    machine = host.ready()
    assert machine.guest.check("cat /sys/power/mem_sleep").split() == ["[s2idle]"]


@pytest.mark.parametrize("woken_by", ["detach", "stop", "operator"])
def test_guest_that_sleeps_all_the_same_is_seen_and_woken_by(host, woken_by):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    machine.guest.run("(sleep 0.3; sleep-s3) >/dev/null 2>&1 &")
    found = until(lambda: host.control("differences")["differences"], "a guest that sleeps")
    assert "to sleep" in found[0]["what"], found
    if woken_by == "stop":
        host.call("stop_instance", instance_id=machine.id)
        machine.wait("Stopped")
        assert host.given_up(instance=machine.id) == []
    else:
        if woken_by == "operator":
            host.command("admin", "resume", machine.id)
        disk.detach(machine)
    host.agrees()


def test_hung_qemu_without_its_pid_file_is_ended_by_a_forced_stop(host):
    machine = host.ready()
    # The kernel ends a stopped process whose parent ends.
    host.restart()
    process = machine.pid()
    (machine.run / "qemu.pid").unlink()
    os.kill(process, signal.SIGSTOP)
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped", within_s=60)
    host.agrees()


def test_delete_instance_keeps_only_disks_that_are_not_deleted_with_it(host):
    machine, stays, goes = host.ready(), host.disk(), host.disk()
    stays.attach(machine)
    host.call("attach_disk", instance_id=machine.id, disk_id=goes.id, delete_with_instance=True)
    goes.wait("In_use")
    system = next(name for name in machine.devices() if not name.startswith((stays.id, goes.id))).rsplit(".", 1)[0]
    machine.guest.wait_disk(stays.serial)
    with machine.guest.writer(stays.serial) as writer:
        writer.wait_for(20)
        host.call("delete_instance", instance_id=machine.id, force=True)
        until(lambda: machine.status() == "gone", "a released instance")
        acknowledged = writer.wait_ended()
    from guest import verify_file
    verify_file(stays.file, acknowledged)
    assert stays.status() == "Available" and goes.status() == "gone"
    assert not machine.directory.exists()
    until(lambda: not goes.file.exists(), "discarded bytes")
    until(lambda: not (host.data / "disks" / f"{system}.qcow2").exists(), "a discarded system disk")
    assert stays.file.exists()
    host.call("delete_disk", disk_id=stays.id)
    until(lambda: not stays.file.exists(), "discarded bytes")


def test_local_disks_stay_attached_and_are_deleted_with_their_instance(host):
    machine = host.ready("ecs.i2.tiny")
    on_it = host.call("describe_disks", region_id=REGION, instance_id=machine.id).disks.disk
    local = [Disk(host, disk.disk_id) for disk in on_it if disk.category == "local_ssd_pro"]
    assert len(local) == 2
    for disk in local:
        machine.guest.wait_disk(disk.serial)
        assert not disk.described().portable
        refused(lambda: disk.begin_detach(machine), "DiskNotPortable")
    written = machine.guest.write_pattern(local[1].serial, seed=7)
    boot = machine.guest.boot()
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    refused(lambda: local[1].begin_detach(machine), "DiskNotPortable")
    host.call("start_instance", instance_id=machine.id)
    machine.guest.wait_ready(SOON_S, other_than=boot)
    assert machine.guest.read_checksum(local[1].serial) == written
    host.agrees()
    host.call("delete_instance", instance_id=machine.id, force=True)
    machine.wait("gone")
    assert [disk.status() for disk in local] == ["gone", "gone"]
    until(lambda: not any(disk.file.exists() for disk in local), "discarded bytes")


def test_attach_and_detach_while_the_instance_is_stopped(host):
    machine, disk = host.ready(), host.disk()
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    disk.attach(machine)
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready(SOON_S)
    machine.guest.wait_disk(disk.serial)
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    disk.detach(machine)
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    machine.guest.wait_ready(SOON_S)
    assert not machine.guest.has_disk(disk.serial)


def test_type_without_hot_detach_detaches_only_when_stopped(host):
    machine, disk = host.ready(TYPE_WITHOUT_HOT_DETACH), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    refused(lambda: disk.begin_detach(machine), "InvalidOperation.InstanceTypeNotSupport")
    host.call("stop_instance", instance_id=machine.id)
    machine.wait("Stopped")
    disk.detach(machine)


def test_console_output_is_readable(host):
    machine = host.ready()
    output = host.call("get_instance_console_output", region_id="cn-hangzhou", instance_id=machine.id).console_output
    assert b"diskdock-guest: ready" in base64.b64decode(output)
    assert "diskdock-guest: ready" in host.command("console", machine.id).stdout


def test_server_killed_in_a_reboot_starts_the_guest_without_the_disk_that_was_leaving(host, monkeypatch):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    boot = machine.guest.boot()
    machine.guest.ignore_unplug()
    host.kill()
    host.start("start.begins")
    disk.begin_detach(machine)
    until(lambda: "asked" in host.operations(disk=disk.id)[0]["last_event"], "a guest that was asked")
    host.call("reboot_instance", instance_id=machine.id)
    host.wait_dead()
    # The reboot gets its turn before the detach does.
    monkeypatch.setenv("DISKDOCK_FAILPOINT_ERROR", "unplug.begin")
    host.start()
    disk.wait("Available")
    machine.guest.wait_ready(SOON_S, other_than=boot)
    machine.wait("Running")
    arguments = pathlib.Path(f"/proc/{machine.pid()}/cmdline").read_text()
    assert disk.id not in arguments, "the new guest was started with it"
    assert not machine.guest.has_disk(disk.serial)
    host.agrees()


def test_instance_that_is_rebooted_while_a_disk_is_detaching_starts_without_the_disk(host):
    machine, disk = host.ready(), host.disk()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    boot = machine.guest.boot()
    machine.guest.ignore_unplug()
    disk.begin_detach(machine)
    until(lambda: host.operations(disk=disk.id), "a detach under way")
    host.call("reboot_instance", instance_id=machine.id)
    machine.guest.wait_ready(SOON_S, other_than=boot)
    assert not machine.guest.has_disk(disk.serial)
    disk.wait("Available")
    machine.wait("Running")
    assert not machine.guest.has_disk(disk.serial)
    host.agrees()


PASSWORDS = "Example-1234", "Example-5678"
HASH = re.compile(rb"\$6\$rounds=5000\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}")


def hash_in_seed(machine):
    """The hash of a password that the guest is given."""
    [found] = set(HASH.findall((machine.run / "seed.img").read_bytes()))
    return found.decode()


def hashed(password, like):
    """As the C library of the guest hashes it, with the salt of another hash."""
    line = ["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, like]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def test_password_reaches_the_guest_as_a_hash_and_nothing_else_has_it(host, tmp_path):
    # The image is a kernel alone.
    refused(lambda: host.launch(password=PASSWORDS[0]), "ImageNotSupportCloudInit")
    # Of a disk it is not known what is on it; this one has nothing.
    disk = tmp_path / "disk.raw"
    with disk.open("wb") as file:
        file.truncate(1 << 20)
    host.command("image", "import", disk, "--name", "disk", "--format", "raw")
    machine = host.launch(image="m-disk", password=PASSWORDS[0]).wait("Running")
    first = hash_in_seed(machine)
    assert hashed(PASSWORDS[0], first) == first
    host.call("modify_instance_attribute", instance_id=machine.id, password=PASSWORDS[1])
    assert hash_in_seed(machine) == first, "until it starts again"
    host.call("stop_instance", instance_id=machine.id, force_stop=True)
    machine.wait("Stopped")
    host.call("start_instance", instance_id=machine.id)
    machine.wait("Running")
    second = hash_in_seed(machine)
    assert hashed(PASSWORDS[1], second) == second
    line = ["grep", "-rlaE", "-D", "skip", "|".join(PASSWORDS), str(host.root)]
    found = subprocess.run(line, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, ""), found
