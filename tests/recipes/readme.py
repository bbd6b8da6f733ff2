"""README.md as a script: its commands one after the other, with the ids that they print."""

import ast
import re

import blocks

# Why a block, or a line, of these beginnings is not run here.
REASONS = {
    "cargo install ": "builds a release; the program of this test stands for it",
    "cargo run ": "builds the program, and tests it: this test is a part of that",
    "apt-get install qemu": "needs QEMU on a host: tests/machines and tests/guest",
    "diskdock disk export s-": "a simulated disk has no bytes: tests/machines",
}
# What a reader has done before a line of this beginning: there is a disk to detach, and it is detached.
BEFORE = {
    "diskdock admin pace 2s": "diskdock call AttachDisk --InstanceId $instance --DiskId $disk --wait",
    "diskdock admin finish": "diskdock call DetachDisk --InstanceId $instance --DiskId $disk",
}
# Other languages than bash.
PYTHON = ("def test_",)
RUN = """
instance='' disk=''
run() {
    echo "+ $1"
    local said
    said=$(eval "$1") || { echo "$said"; echo "failed: $1"; exit 1; }
    echo "$said"
    local i d
    i=$(grep -oE '\\bi-bp[0-9a-z]+' <<<"$said" | head -n 1) || true
    d=$(grep -oE '\\bd-bp[0-9a-z]+' <<<"$said" | head -n 1) || true
    instance=${i:-$instance} disk=${d:-$disk}
}
"""


def reason_of(text):
    return next((why for begin, why in REASONS.items() if text.startswith(begin)), None)


def commands(text):
    """Logical lines; `i-…` and `d-…` are the latest ids that were printed."""
    joined = re.sub(r" *\\\n *", " ", text)
    lines = [line for line in joined.splitlines() if line.strip()]
    return [line.replace("i-…", "$instance").replace("d-…", "$disk") for line in lines]


def script_of(text, preamble, port, second_port):
    lines, left_out = [preamble, RUN], []
    lines += ["diskdock serve --quiet &", "server=$!", f"wait_for_server {port}"]
    for block in blocks.of_readme(text):
        reason = reason_of(block.text)
        if reason:
            left_out.append((block.first_line, reason))
            continue
        if block.text.startswith(PYTHON):
            ast.parse(block.text)
            left_out.append((block.first_line, "is parsed; tests/clients runs its kind with the package"))
            continue
        for command in commands(block.text):
            lines += steps(command, second_port, left_out)
    missing = [begin for begin in REASONS if not any(begin in one for one, _ in left_out)]
    assert not missing, f"not in README any more: {missing}"
    lines.append("kill $(jobs -p); wait || true")
    return "\n".join(lines) + "\necho the-page-ends\n", left_out


def steps(command, second_port, left_out):
    reason = reason_of(command)
    quoted = "'" + command.replace("'", "'\\''") + "'"
    if reason:
        left_out.append((command, reason))
        return []
    if command.startswith("diskdock serve "):
        return [f"{command} &", f"wait_for_server {second_port}"]
    if command.startswith("diskdock restore "):
        # It wants the server stopped, as its comment says, and asks.
        return ["kill $server; wait $server || true", f"run \"echo yes | \"{quoted}"]
    before = [f"run '{step}'" for begin, step in BEFORE.items() if command.startswith(begin)]
    return [*before, f"run {quoted}"]
