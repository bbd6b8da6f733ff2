"""The clients of these tests: where their version is pinned, and what they lack by themselves."""

import dataclasses
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent

# The workflows that each client has to show, unless it lacks them; the tests name them by the mark `workflow`.
WORKFLOWS = ("disks", "snapshots", "tags", "resize", "specification", "instances with data disks")


@dataclasses.dataclass(frozen=True)
class Package:
    """A package of a client, and the file that pins its version. Maven's have their group in front."""

    name: str
    file: str

    def version(self):
        """The word after the package's name that looks like a version."""
        name = re.escape(self.name.rpartition(":")[2])
        between = r"\W+(?:artifactId\W+)?(?:version\W+)?v?"
        [version] = re.findall(rf"(?<![\w.-]){name}{between}(\d[\w.]*)", (HERE / self.file).read_text())
        return version


@dataclasses.dataclass(frozen=True)
class Known:
    """A client of the table. `lacks` says of a workflow why the client cannot do it."""

    slug: str
    title: str
    packages: tuple[Package, ...]
    how: str
    lacks: dict[str, str] = dataclasses.field(default_factory=dict)


CLIENTS = (
    Known("python", "Python", (Package("alibabacloud-ecs20140526", "requirements.txt"),),
          "signatures V3 and 1.0, sync and async; an assumed role over TLS"),
    Known("python-old", "Python, old", (
        Package("aliyun-python-sdk-core", "requirements.txt"), Package("aliyun-python-sdk-ecs", "requirements.txt")),
        "typed requests; `CommonRequest` by GET and by POST; an assumed role over TLS"),
    Known("node", "Node", (Package("@alicloud/ecs20140526", "package.json"),), "signatures V3 and 1.0"),
    Known("node-old", "Node, old", (Package("@alicloud/pop-core", "package.json"),), "GET and POST"),
    Known("go", "Go", (Package("github.com/alibabacloud-go/ecs-20140526/v7", "go/go.mod"),),
          "signatures V3 and 1.0"),
    Known("go-old", "Go, old", (Package("github.com/aliyun/alibaba-cloud-sdk-go", "go/go.mod"),), "typed requests"),
    Known("java", "Java", (Package("com.aliyun:ecs20140526", "java/pom.xml"),), "signature V3"),
    Known("libcloud", "libcloud", (Package("apache-libcloud", "requirements.txt"),), "GET, answers in XML", {
        "tags": "its ECS driver has no tags of volumes",
        "resize": "its ECS driver has no `ex_resize_volume`",
        "specification": "its ECS driver has no change of a volume's category or level",
    }),
    Known("ansible", "Ansible", (
        Package("ansible_alicloud", "requirements-ansible.txt"), Package("footmark", "requirements-ansible.txt"),
        Package("ansible-core", "requirements-ansible.txt")),
        "playbooks; the server as the HTTP proxy", {
            "snapshots": "no module makes snapshots, and footmark has no call for them",
            "resize": "`ali_disk` does not enlarge a disk",
            "specification": "`ali_disk` does not change category or level",
            "instances with data disks": "`ali_instance` cannot ask for data disks; `ali_disk` attaches them",
        }),
    Known("cli", "aliyun CLI", (), "its rules of command lines, `--pager` and `--waiter`, by a stand-in: no registry has it"),
)
BY_SLUG = {client.slug: client for client in CLIENTS}
