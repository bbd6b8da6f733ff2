"""The common part of all tests: the development key, regions and types, and how a disk looks to a test."""

import dataclasses
import uuid

KEY_ID = "testid"
KEY_SECRET = "testsecret"
REGION = "cn-hangzhou"
ZONE = "cn-hangzhou-i"
INSTANCE_TYPE = "ecs.g6.large"
IMAGE = "ubuntu_22_04_x64_20G_alibase_20240926.vhd"
CATEGORY = "cloud_essd"

# Every character whose encoding differs between clients, so that each signature is tried on all of them.
AWKWARD = "a b*c~d+e/f=g&h%i'j(k)l!m,n:o\" é 磁盘"
TAGS = {"team": "storage", "note": AWKWARD}


def unique(word):
    """A name that no other test uses: the tests share their servers."""
    return f"{word}-{uuid.uuid4().hex[:12]}"


@dataclasses.dataclass(frozen=True)
class Disk:
    """A disk as one client shows it. None: this client does not show the field at all."""

    id: str
    status: str
    size: int
    portable: bool
    instance_id: str
    device: str
    delete_with_instance: bool
    description: str
    detached_time: str
    attachments: list[str] | None
    tags: dict[str, str] | None


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A snapshot as one client shows it. `disk_size` is a number in GiB, which the API writes as a text."""

    id: str
    name: str
    status: str
    disk_id: str
    disk_size: str


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A refused call as one client tells it."""

    status: int
    code: str
    message: str
    request_id: str


class Client:
    """What a story needs of a client; each test file says it in its client's own words.

    `errors` names the exceptions with which the client reports a refusal, and `told` reads one of them;
    `wrong_secret_code` is the code that its user sees when the secret is not the key's.
    """

    errors: tuple[type[Exception], ...] = ()
    wrong_secret_code = "SignatureDoesNotMatch"

    def told(self, error) -> Refusal:
        raise NotImplementedError

    def run_instance(self) -> str:
        raise NotImplementedError

    def instance_status(self, instance_id) -> str | None:
        """None once the instance is gone."""
        raise NotImplementedError

    def delete_instance(self, instance_id):
        raise NotImplementedError

    def create_disk(self, name, *, size=40, description=None, tags=None, token=None) -> str:
        raise NotImplementedError

    def disk(self, disk_id) -> Disk | None:
        """None once the disk is gone."""
        raise NotImplementedError

    def attach(self, instance_id, disk_id):
        """Attaches with DeleteWithInstance=true, which a detach has to clear."""
        raise NotImplementedError

    def detach(self, instance_id, disk_id):
        raise NotImplementedError

    def delete_disk(self, disk_id):
        raise NotImplementedError

    def describe_dry(self):
        """DescribeDisks with DryRun."""
        raise NotImplementedError

    def ids_by_number(self, name) -> list[str]:
        """The disks of that name, walked by PageNumber."""
        raise NotImplementedError

    def ids_by_token(self, name) -> list[str]:
        """The disks of that name, walked by NextToken."""
        raise NotImplementedError

    # What a client lacks of the rest is in clients.py, with the reason.

    def run_instance_with_disks(self, disks) -> str:
        """RunInstances (or CreateInstance) with data disks: pairs of a name and of DeleteWithInstance, 20 GiB each."""
        raise NotImplementedError

    def data_disks(self, instance_id) -> list[Disk]:
        raise NotImplementedError

    def stop_instance(self, instance_id):
        raise NotImplementedError

    def start_instance(self, instance_id):
        raise NotImplementedError

    def create_snapshot(self, disk_id, name) -> str:
        raise NotImplementedError

    def snapshot(self, snapshot_id) -> Snapshot | None:
        """None once the snapshot is gone."""
        raise NotImplementedError

    def delete_snapshot(self, snapshot_id):
        raise NotImplementedError

    def create_disk_from(self, snapshot_id, name, *, size) -> str:
        raise NotImplementedError

    def tag(self, disk_id, tags):
        raise NotImplementedError

    def tags_of(self, disk_id) -> dict[str, str]:
        raise NotImplementedError

    def ids_by_tag(self, key, value) -> list[str]:
        raise NotImplementedError

    def untag(self, disk_id, keys):
        raise NotImplementedError

    def resize(self, disk_id, size, kind=None):
        """`kind` is online for a disk in use."""
        raise NotImplementedError

    def change_level(self, disk_id, level, dry=False) -> str:
        """ModifyDiskSpec to another performance level; the id of the task that does it."""
        raise NotImplementedError

    def task_status(self, task_id) -> str:
        raise NotImplementedError

    def level(self, disk_id) -> str:
        raise NotImplementedError


def refusal(client, call, *arguments, **options):
    """Makes a call that has to fail, and returns what the client said."""
    try:
        result = call(*arguments, **options)
    except client.errors as error:
        return client.told(error)
    raise AssertionError(f"accepted, with {result!r}, what should have been refused")
