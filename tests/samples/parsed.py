"""The languages that cannot be run here: their samples must parse, and every value must stand in them as a literal."""

import sys

from cases import AWKWARD, CASES
from languages import TARGET, WORK
from resources import write_sample

sys.path.insert(0, str(TARGET / "parsers"))

import tree_sitter  # noqa: E402  (installed beside, not in the venv)
import tree_sitter_c_sharp  # noqa: E402
import tree_sitter_hcl  # noqa: E402

GRAMMARS = {"csharp": tree_sitter_c_sharp, "terraform": tree_sitter_hcl}
LITERALS = {"csharp": "string_literal", "terraform": "string_lit"}
# What a resource of Terraform must have; the values that it carries.
TERRAFORM = {
    "CreateDisk": {"ZoneId": "z", "Size": "20", "Description": AWKWARD, "Tag.1.Key": AWKWARD[:99], "Tag.1.Value": "x"},
    "AttachDisk": {"InstanceId": AWKWARD, "DiskId": "d-1", "DeleteWithInstance": "true"},
    "RunInstances": {
        "ImageId": "i", "InstanceType": "t", "SecurityGroupId": "sg", "VSwitchId": "v", "Description": AWKWARD,
        "DataDisk.1.Size": "20", "DataDisk.1.Description": AWKWARD},
}


class Example:
    """Made-up ids for a case."""

    def attached(self):
        return {"InstanceId": "i-1", "DiskId": "d-1"}

    def instance(self):
        return "i-1"

    def stopped(self):
        return "i-1"

    def disk(self):
        return "d-1"

    def unique(self, text):
        return text


def check(catalog):
    failures = []
    wanted = [("csharp", name, case.action, case.values(Example())) for name, case in CASES.items()]
    wanted += [("terraform", action, action, values) for action, values in TERRAFORM.items()]
    for language, name, action, values in wanted:
        sample, complaint = write_sample(language, action, values, "127.0.0.1:1", WORK / language / name)
        wrong = complaint if sample is None else faults(language, sample, values)
        if wrong:
            failures.append(f"{language} {name}: {wrong}")
    print(f"csharp, terraform: {len(wanted)} samples parsed, {len(failures)} failures")
    return failures


def faults(language, sample, values):
    text = sample.read_bytes()
    parser = tree_sitter.Parser(tree_sitter.Language(GRAMMARS[language].language()))
    tree = parser.parse(text)
    if tree.root_node.has_error:
        return f"{sample} does not parse"
    literals = {decoded(language, node.text.decode()) for node in nodes(tree.root_node, LITERALS[language])}
    lacking = [value for value in values.values() if value not in literals and not is_bare(value)]
    return f"not in {sample}: {lacking}" if lacking else None


def is_bare(value):
    """Numbers and truth values stand without quotes where the model has a type for them."""
    return value in ("true", "false") or value.isdecimal()


def nodes(node, kind):
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def decoded(language, literal):
    """The text of a literal. Both languages escape as Python does, as far as samples use it."""
    inner = literal[1:-1]
    if language == "terraform":
        inner = inner.replace("$${", "${").replace("%%{", "%{")
    escaped = "".join(letter if letter.isascii() else f"\\U{ord(letter):08x}" for letter in inner)
    return escaped.encode().decode("unicode_escape")
