"""The tests that every client has to pass, written once.

A test file gives a `connect` fixture, a function (server, secret) -> common.Client, and inherits the tests.
"""

import pytest

from waiting import wait_for
from common import AWKWARD, KEY_SECRET, TAGS, refusal, unique

UNKNOWN_DISK = "d-bp1nosuchdisk0000000"
UNKNOWN_INSTANCE = "i-bp1nosuchinstance000"
DISKS_TO_PAGE = 25


def running_instance(client):
    instance_id = client.run_instance()
    wait_for(lambda: client.instance_status(instance_id) == "Running", what=f"{instance_id} Running")
    return instance_id


def delete_instance(client, instance_id):
    client.delete_instance(instance_id)
    wait_for(lambda: client.instance_status(instance_id) is None, what=f"{instance_id} gone")


def watch(client, disk_id, until):
    """Every state of the disk that polling sees, up to and including the wanted one."""
    seen = []

    def arrived():
        seen.append(client.disk(disk_id))
        return seen[-1].status == until

    wait_for(arrived, what=f"{disk_id} {until}")
    return seen


def statuses(disks):
    """The statuses in the order of their appearance, repetitions dropped."""
    return list(dict.fromkeys(disk.status for disk in disks))


def check_fields(disk, disk_id):
    """What stays the same through the whole life of the disk, with the types that a user gets."""
    assert disk.id == disk_id
    assert type(disk.size) is int and disk.size == 40
    assert disk.portable is True
    assert disk.description == AWKWARD
    assert disk.tags in (TAGS, None)


def check_held(disk, instance_id):
    """In_use and Detaching alike: the instance still has the disk."""
    assert disk.instance_id == instance_id
    assert disk.device.startswith("/dev/")
    assert disk.delete_with_instance is True
    assert disk.attachments in ([instance_id], None)


def check_free(disk):
    """An Available disk names no instance; texts are empty, not missing."""
    assert disk.instance_id == ""
    assert disk.device == ""
    assert disk.delete_with_instance is False
    assert disk.attachments in ([], None)


def create_watched_disk(client):
    disk_id = client.create_disk(unique("life"), description=AWKWARD, tags=TAGS)
    disk = watch(client, disk_id, "Available")[-1]
    check_fields(disk, disk_id)
    check_free(disk)
    assert disk.detached_time == ""
    return disk_id


def attach_and_watch(client, instance_id, disk_id):
    client.attach(instance_id, disk_id)
    seen = watch(client, disk_id, "In_use")
    assert statuses(seen) == ["Attaching", "In_use"]
    assert all(disk.attachments in ([], None) for disk in seen[:-1])
    check_fields(seen[-1], disk_id)
    check_held(seen[-1], instance_id)


def detach_and_watch(client, instance_id, disk_id):
    client.detach(instance_id, disk_id)
    seen = watch(client, disk_id, "Available")
    assert statuses(seen) == ["Detaching", "Available"]
    for disk in seen[:-1]:
        check_held(disk, instance_id)
    check_fields(seen[-1], disk_id)
    check_free(seen[-1])
    assert seen[-1].detached_time.endswith("Z")


def delete_and_look(client, disk_id):
    client.delete_disk(disk_id)
    wait_for(lambda: client.disk(disk_id) is None, what=f"{disk_id} gone")


@pytest.mark.workflow("disks")
class Lifecycle:
    """From RunInstances to DeleteInstance, with one disk going on and off in between."""

    def test_disk_goes_through_every_status_of_its_life(self, connect, slow_server):
        client = connect(slow_server, KEY_SECRET)
        instance_id = running_instance(client)
        disk_id = create_watched_disk(client)
        attach_and_watch(client, instance_id, disk_id)
        detach_and_watch(client, instance_id, disk_id)
        delete_and_look(client, disk_id)
        delete_instance(client, instance_id)


class Refusals:
    """Status, code and message of refused calls."""

    @pytest.fixture
    def client(self, connect, server):
        return connect(server, KEY_SECRET)

    @pytest.fixture
    def instance_id(self, client):
        instance_id = running_instance(client)
        yield instance_id
        delete_instance(client, instance_id)

    def expect(self, client, status, code, call, *arguments, **options):
        told = refusal(client, call, *arguments, **options)
        assert (told.status, told.code) == (status, code)
        assert told.message and told.request_id
        return told

    def test_detach_of_a_free_disk_is_refused(self, client, instance_id):
        disk_id = client.create_disk(unique("free"))
        self.expect(client, 404, "InvalidDisk.AlreadyDetached", client.detach, instance_id, disk_id)

    def test_detach_of_an_unknown_disk_is_refused(self, client, instance_id):
        told = self.expect(client, 404, "InvalidDiskId.NotFound", client.detach, instance_id, UNKNOWN_DISK)
        assert "The specified disk does not exist." in told.message

    def test_detach_from_an_unknown_instance_is_refused(self, client):
        disk_id = client.create_disk(unique("stray"))
        self.expect(client, 404, "InvalidInstanceId.NotFound", client.detach, UNKNOWN_INSTANCE, disk_id)

    def test_delete_of_an_attached_disk_is_refused(self, client, instance_id):
        disk_id = client.create_disk(unique("busy"))
        watch(client, disk_id, "Available")
        client.attach(instance_id, disk_id)
        watch(client, disk_id, "In_use")
        self.expect(client, 403, "IncorrectDiskStatus", self.delete_without_looking(client), disk_id)

    def delete_without_looking(self, client):
        """The call that sends DeleteDisk whatever the client knows of the disk."""
        return client.delete_disk

    def test_call_with_a_wrong_secret_is_refused(self, connect, server):
        client = connect(server, "not-the-secret")
        self.expect(client, 400, client.wrong_secret_code, client.disk, UNKNOWN_DISK)

    def test_dry_run_answers_dry_run_operation(self, client):
        self.expect(client, 400, "DryRunOperation", client.describe_dry)


class Tokens:
    """A ClientToken makes a repeated CreateDisk harmless."""

    def test_create_disk_repeated_with_a_client_token_creates_one_disk(self, connect, server):
        client = connect(server, KEY_SECRET)
        name, token = unique("once"), unique("token")
        first = client.create_disk(name, size=40, token=token)
        assert client.create_disk(name, size=40, token=token) == first
        assert client.ids_by_number(name) == [first]
        told = refusal(client, client.create_disk, name, size=41, token=token)
        assert told.code == "IdempotentParameterMismatch"
        assert client.ids_by_number(name) == [first]


def disks_to_page(client):
    name = unique("page")
    return name, sorted(client.create_disk(name) for _ in range(DISKS_TO_PAGE))


class PageNumbers:
    """A walk by PageNumber shows each disk once."""

    def test_describe_disks_by_page_number_shows_each_disk_once(self, connect, server):
        client = connect(server, KEY_SECRET)
        name, created = disks_to_page(client)
        assert sorted(client.ids_by_number(name)) == created


class PageTokens:
    """A walk by NextToken shows each disk once."""

    def test_describe_disks_by_next_token_shows_each_disk_once(self, connect, server):
        client = connect(server, KEY_SECRET)
        name, created = disks_to_page(client)
        assert sorted(client.ids_by_token(name)) == created


class AllStories(Lifecycle, Refusals, Tokens, PageNumbers, PageTokens):
    pass
