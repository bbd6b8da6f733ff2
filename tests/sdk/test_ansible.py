"""Ansible's modules of Alibaba Cloud over footmark: playbooks, with the server as the proxy that footmark asks.

The modules know no endpoint: they call the vendor's host by plain HTTP, and HTTP_PROXY brings that here.
"""

import os
import pathlib
import subprocess

import pytest

from common import KEY_ID, KEY_SECRET, REGION, unique
from server import TARGET

PLAYBOOKS = pathlib.Path(__file__).parent / "ansible"
PROGRAMS = TARGET.absolute() / "sdk" / "ansible" / "bin"
# A port that nothing listens on: a call by HTTPS would leave this machine.
NOWHERE = "http://127.0.0.1:9"
# footmark looks every 5 s whether a disk has arrived, and waits 10 s for an instance.
TOLD_WITHIN_S = 120

pytestmark = pytest.mark.client("ansible")


@pytest.mark.parametrize("playbook", [
    pytest.param("disks", marks=pytest.mark.workflow("disks")),
    pytest.param("tags", marks=pytest.mark.workflow("tags")),
])
def test_ansible(server, tmp_path, playbook):
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    finished = subprocess.run(
        [PROGRAMS / "ansible-playbook", "--inventory", "localhost,", "--connection", "local",
         "--extra-vars", f"ansible_python_interpreter={PROGRAMS / 'python'} name={unique(playbook)}",
         PLAYBOOKS / f"{playbook}.yml"],
        env={**environment, "HTTP_PROXY": f"http://{server.endpoint}", "HTTPS_PROXY": NOWHERE,
             "ALICLOUD_ACCESS_KEY": KEY_ID, "ALICLOUD_SECRET_KEY": KEY_SECRET, "ALICLOUD_REGION": REGION,
             "ANSIBLE_HOME": str(tmp_path), "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
             "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TOLD_WITHIN_S)
    assert finished.returncode == 0, finished.stdout
