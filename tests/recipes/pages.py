"""Runs the blocks of the pages that are named, or of all: README.md and docs/recipes.

A page is one script of bash with what it starts, in a directory of its own. Two things are not as written: the port, which
is a free one in the place of 5260, and the moment after a server was started, in which a reader would wait.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import blocks
import readme

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
TARGET = pathlib.Path(os.environ["target"])
PAGE_TAKES_AT_MOST_S = 300
ENDS_WITHIN_S = 10
# Texts that a page must have printed, beside ending well.
PRINTS = {"localstack": ["refused, as told", '"TotalCount": 1']}
# Pages with a tool that is not run: the calls of tools.py follow in their place.
FOLLOWED_BY_CALLS = ("terraform", "bosh", "kubernetes-csi")
PREAMBLE = """set -euo pipefail
wait_for_server() {
    for _ in $(seq 300); do
        diskdock admin health --endpoint "http://127.0.0.1:$1" >/dev/null 2>&1 && return
        diskdock admin health --endpoint "https://127.0.0.1:$1" --insecure >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "no server at $1" >&2
    return 1
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def environment(scratch, port):
    """Programs by their names, and no variable of this machine that a client would read."""
    programs = scratch / "programs"
    programs.mkdir()
    (programs / "diskdock").symlink_to(os.environ["DISKDOCK_BIN"])
    if not shutil.which("aliyun"):
        (programs / "aliyun").symlink_to(REPOSITORY / "tests" / "samples" / "stand-in" / "aliyun")
    path = [programs, TARGET / "sdk" / "venv" / "bin", TARGET / "sdk" / "ansible" / "bin", os.environ["PATH"]]
    return {
        "PATH": ":".join(map(str, path)),
        "HOME": str(scratch),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.environ["PYTHONPATH"],
        "DISKDOCK_LISTEN": f"127.0.0.1:{port}",
        "DISKDOCK_ENDPOINT": f"http://127.0.0.1:{port}",
    }


def script_of(name, text, port):
    """The script of a page, and the blocks that are left out with their reasons."""
    lines, left_out = [PREAMBLE], []
    for block in blocks.of_recipe(text):
        if block.reason:
            left_out.append((block.first_line, block.reason))
        elif block.file_name:
            lines.append(f"cat >{block.file_name} <<'END-OF-FILE'\n{block.text}END-OF-FILE")
        else:
            lines.append(block.text)
            if block.text.splitlines()[0].startswith("diskdock serve") or block.text.rstrip().endswith("&"):
                lines.append(f"wait_for_server {port}")
    if name in FOLLOWED_BY_CALLS:
        lines.append(f"python {HERE / 'tools.py'} {name}")
    return "\n".join(lines) + "\necho the-page-ends\n", left_out


def run_script(script, scratch, port):
    """The output of a script that ends well. All that it has started ends with it."""
    work = scratch / "work"
    work.mkdir()
    with (scratch / "said").open("w+") as said:
        process = subprocess.Popen(
            ["bash", "-c", script], cwd=work, env=environment(scratch, port), stdin=subprocess.DEVNULL,
            stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = process.wait(PAGE_TAKES_AT_MOST_S)
        except subprocess.TimeoutExpired:
            code = "no end"
        finally:
            end_session(process)
        said.seek(0)
        return code, said.read()


def end_session(process):
    """Ends what is left of the script, and waits until it is gone: servers write until they end."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        give_up_at = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < give_up_at:
            try:
                process.poll()
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                return
            time.sleep(0.1)
    raise AssertionError("a page has started what does not end")


def run_page(path):
    text = path.read_text()
    first, second = free_port(), free_port()
    here = text.replace("5260", first).replace("5261", second)
    name = path.stem
    if path.name == "README.md":
        script, left_out = readme.script_of(here, PREAMBLE, first, second)
    else:
        script, left_out = script_of(name, here, first)
    with tempfile.TemporaryDirectory() as scratch:
        code, said = run_script(script, pathlib.Path(scratch), first)
    missing = [text for text in PRINTS.get(name, []) if text not in said]
    if code != 0 or missing or not said.rstrip().endswith("the-page-ends"):
        print(f"FAILED {path.name}: ended with {code}, lacks {missing}\n{said}\n-- the script --\n{script}")
        return False
    print(f"ran {path.name}")
    for first_line, reason in left_out:
        print(f"  not run: {first_line} -- {reason}")
    return True


def main(names):
    recipes = sorted((REPOSITORY / "docs" / "recipes").glob("*.md"))
    pages = [REPOSITORY / "README.md"] + [page for page in recipes if page.name != "README.md"]
    wanted = [page for page in pages if not names or page.stem in names]
    assert wanted, names
    if not names:
        listed = (REPOSITORY / "docs" / "recipes" / "README.md").read_text()
        assert all(f"({page.name})" in listed for page in pages[1:]), "docs/recipes/README.md lists every page"
    done = [run_page(page) for page in wanted]
    sys.exit(0 if all(done) else 1)


main(sys.argv[1:])
