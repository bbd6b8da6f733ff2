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


def refusal(client, call, *arguments, **options):
    """Makes a call that has to fail, and returns what the client said."""
    try:
        result = call(*arguments, **options)
    except client.errors as error:
        return client.told(error)
    raise AssertionError(f"accepted, with {result!r}, what should have been refused")
