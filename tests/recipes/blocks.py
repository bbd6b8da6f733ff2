"""Finds the blocks of a page."""

import dataclasses
import re

FENCED = re.compile(r"(?:^<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"# (\S+\.\w+)\n")
# A page has commands, and files that begin with their names.
LANGUAGES = {"sh", "yaml", "hcl"}


@dataclasses.dataclass
class Block:
    """A block; a file if it has a name, otherwise commands. The reason is why it cannot run."""

    text: str
    file_name: str | None = None
    reason: str | None = None

    @property
    def first_line(self):
        return self.text.splitlines()[0]


def of_recipe(text):
    found = []
    for match in FENCED.finditer(text):
        assert match["language"] in LANGUAGES, f"a block of {match['language']!r}: {match['text'][:60]}"
        named = FILE_NAME.match(match["text"])
        is_file = match["language"] != "sh"
        assert is_file == bool(named), f"a file begins with its name, commands do not: {match['text'][:60]}"
        found.append(Block(match["text"], named[1] if named else None, match["reason"]))
    assert len(found) == text.count("\n```") // 2, "every fence is that of a block"
    assert any(not block.reason for block in found), "a page that runs nothing"
    return found


def of_readme(text):
    """Indented blocks."""
    found, current = [], []
    for line in [*text.splitlines(), "end"]:
        if line.startswith("    ") or (current and not line.strip()):
            current.append(line[4:])
        elif current:
            found.append(Block("\n".join(current).strip("\n") + "\n"))
            current = []
    return found
