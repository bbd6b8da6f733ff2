"""Disks move from guest to guest with their data."""

from guest import verify_file
from host import until

CYCLES = 50


def test_data_written_by_one_guest_is_read_by_the_next(host):
    first, second = host.ready(), host.ready()
    disk = host.disk()
    disk.attach(first)
    first.guest.wait_disk(disk.serial)
    written = first.guest.write_pattern(disk.serial, offset=4096, length=4 << 20, seed=7)
    disk.detach(first)
    assert not first.guest.has_disk(disk.serial)
    assert first.devices() == [f"{first_system_disk(first)}.1"]
    disk.attach(second)
    second.guest.wait_disk(disk.serial)
    assert second.guest.read_checksum(disk.serial, offset=4096, length=4 << 20) == written
    disk.detach(second)
    host.agrees()


def first_system_disk(machine):
    [name] = {device.rsplit(".", 1)[0] for device in machine.devices()}
    return name


def test_fifty_attach_detach_cycles_leave_nothing_behind(shared):
    host, machine = shared, shared.machine
    disk = host.disk()

    def cycle():
        disk.attach(machine)
        disk.detach(machine)

    cycle()
    before, descriptors = (machine.nodes(), machine.devices(), free_ports(machine)), machine.descriptors()
    for _ in range(CYCLES):
        cycle()
    assert (machine.nodes(), machine.devices(), free_ports(machine)) == before
    # A connection that is closing counts until QEMU has closed it, before as well as after.
    until(lambda: machine.descriptors() <= descriptors, "QEMU to hold no more descriptors than before")
    assert disk.described().status == "Available"
    host.agrees()


def free_ports(machine):
    """Root ports without a device."""
    with machine.qmp() as qmp:
        devices = [device for bus in qmp("query-pci") for device in bus["devices"]]
    bridges = [device["pci_bridge"] for device in devices if "pci_bridge" in device]
    return sum(1 for bridge in bridges if not bridge.get("devices"))


def test_acknowledged_writes_are_in_the_file_after_detach(shared):
    host, machine = shared, shared.machine
    for _ in range(3):
        disk = host.disk()
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
        with machine.guest.writer(disk.serial) as writer:
            writer.wait_for(50)
            disk.detach(machine)
            acknowledged = writer.wait_ended()
        assert verify_file(disk.file, acknowledged) >= 50


def test_detach_of_a_mounted_disk_keeps_synced_data(shared):
    host, machine = shared, shared.machine
    disk = host.disk(size=20)
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    dev = f"/dev/disk/by-id/virtio-{disk.serial}"
    # busybox makes ext2, which the driver of ext4 mounts.
    machine.guest.check(f"mke2fs {dev} 2>&1; mkdir -p /mnt/a; mount -t ext4 {dev} /mnt/a", timeout=120)
    machine.guest.check("yes durable | head -c 1000000 > /mnt/a/durable; sync; yes dirty | head -c 4000000 > /mnt/a/dirty")
    disk.detach(machine)
    assert not machine.guest.has_disk(disk.serial)
    machine.guest.run("umount -l /mnt/a")
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    machine.guest.check(f"mount -t ext4 {dev} /mnt/a")
    assert machine.guest.check("wc -c < /mnt/a/durable") == "1000000"
    machine.guest.check("umount /mnt/a")
    disk.detach(machine)


def test_resize_disk_of_a_running_guest(shared):
    host, machine = shared, shared.machine
    disk = host.disk(size=20)
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    host.call("resize_disk", disk_id=disk.id, new_size=40, type="online")
    size = "blockdev --getsize64 /dev/disk/by-id/virtio-" + disk.serial
    until(lambda: machine.guest.check(size) == str(40 << 30), "a larger disk in the guest")
    until(lambda: not host.operations(disk=disk.id), "the end of the resize in the store")
    disk.detach(machine)
    host.call("resize_disk", disk_id=disk.id, new_size=60)
    until(lambda: disk.file.stat().st_size == 60 << 30, "a larger file")
