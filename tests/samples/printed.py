"""The way to run a sample that is printed, word for word, in the folder that `--project` writes."""

import os
import re
import shutil
import subprocess

from cases import REGION
from languages import WORK, environment
from resources import diskdock, options

RUNS_WITHIN_S = 600
ACTION = "DetachDisk"
# The block of the README with the commands.
COMMANDS = re.compile(r"```\n(.*?)```", re.DOTALL)
KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "testid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret"}


def check(languages, resources, port):
    """What is wrong with the printed way of each language."""
    failures = []
    for language in languages:
        try:
            run(language, resources.attached(), port)
            print(f"{language.slug}: the printed way to run it was run", flush=True)
        except AssertionError as wrong:
            failures.append(f"{language.slug}, as printed: {wrong}")
    return failures


def run(language, values, port):
    folder = WORK / "printed" / language.slug
    shutil.rmtree(folder, ignore_errors=True)
    code, _, printed = diskdock(
        "sample", language.slug, ACTION, "--endpoint", f"http://127.0.0.1:{port}", "--region", REGION,
        "--project", str(folder), *options(values))
    assert code == 0, printed
    commands = COMMANDS.search((folder / "README.md").read_text()).group(1)
    assert commands in printed, "the README and the program print different commands"
    finished = subprocess.run(
        ["bash", "-euc", with_key(commands)], cwd=folder, env=environment_of(language), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUNS_WITHIN_S)
    said = finished.stdout.decode(errors="replace")
    assert finished.returncode == 0, f"{commands}\n{said[-3000:]}"
    assert "Available" in said, said[-3000:]


def with_key(commands):
    """The commands with the key where they leave it out: nothing else is changed."""
    for name, value in KEYS.items():
        assert f"{name}=…" in commands, commands
        commands = commands.replace(f"{name}=…", f"{name}={value}")
    return commands


def environment_of(language):
    """The proxy of the machine, which packages may come through, but no key."""
    path = f"{language.path}:{os.environ['PATH']}" if language.path else os.environ["PATH"]
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    without = {name: value for name, value in environment(PATH=path).items() if name not in KEYS}
    return {**without, **kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
