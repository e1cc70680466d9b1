"""Inputs of Terragrunt and Terraform: constants are read with their lines, everything else is named and left alone."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst.adoption.terragrunt import read_inputs
from karst.adoption.values import Derived, Environment, Items, Structure, Text, UnreadableError


def read(folder: Path, text: str, name: str = "terragrunt.hcl", repository: Path | None = None) -> Environment:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_inputs(file, repository=repository)


def value_of(folder: Path, expression: str, locals_: str = "") -> object:
    environment = read(folder, f"locals {{\n{locals_}\n}}\ninputs = {{\n  k = {expression}\n}}\n")
    variable = environment.variables.get("k")
    return variable.value if variable else None


CONSTANTS = {
    "text": ('"api"', Text(value="api")),
    "blanks": ('"  a  "', Text(value="  a  ")),
    "empty": ('""', Text(value="")),
    "escapes": (r'"a\"b\\c\n\u00e9$${x}%%{y}"', Text(value='a"b\\c\né${x}%{y}')),
    "integer": ("26", Text(value="26")),
    "fraction": ("1.8", Text(value="1.8")),
    "negative": ("-1", Text(value="-1")),
    "truth": ("true", Text(value="true")),
    "null": ("null", None),
    "list": ('["a", 1,\n false]', Items(values=("a", "1", "false"))),
    "empty list": ("[]", Items(values=())),
    "mapping": (
        '{ "v1" = { zone = "cave", n = 1 }, api : { zone = "cave" } }',
        Structure(value={"v1": {"zone": "cave", "n": 1}, "api": {"zone": "cave"}}),
    ),
    "document": ("<<EOT\n a\n  b\nEOT", Text(value=" a\n  b\n")),
    "indented document": ("<<-EOT\n    a\n      b\n  EOT", Text(value="a\n  b\n")),
    "template of a constant": ('"a-${"b"}-${3}"', Text(value="a-b-3")),
    "local value": ('"${local.env}-v1"', Text(value="api-v1")),
    "local of a local": ("local.host", Text(value="api.example.org")),
    "comments": ('"a" # why\n  // also\n  /* and */', Text(value="a")),
}
LOCALS = 'host = "${local.env}.example.org"\nenv = "api"\nloop = local.loop'


@pytest.mark.parametrize(("expression", "expected"), CONSTANTS.values(), ids=CONSTANTS.keys())
def test_a_constant_is_read(tmp_path, expression, expected):
    assert value_of(tmp_path, expression, LOCALS) == expected


DERIVED = {
    "function": ('"${get_terragrunt_dir()}/helmfile"', "the function get_terragrunt_dir"),
    "other unit": ("dependency.static.outputs.pcg_redis_host", "the output pcg_redis_host of the unit static"),
    "unknown local": ("local.nothing", "a local value that is not known"),
    "local of itself": ("local.loop", "a local value that is not known"),
    "inside a list": ("[1, upper(2)]", "the function upper"),
    "inside a mapping": ("{ a = { b = var.x } }", "an expression that Karst does not compute"),
    "sum": ("1 + 2", "an expression that Karst does not compute"),
    "condition": ("true ? 1 : 2", "an expression that Karst does not compute"),
    "directive": ('"%{ if true }a%{ endif }"', "a template that Karst does not compute"),
    "document": ("<<EOT\n${local.env}\nEOT", "a template that Karst does not compute"),
}


@pytest.mark.parametrize(("expression", "reason"), DERIVED.values(), ids=DERIVED.keys())
def test_what_only_terraform_computes_is_derived_and_named(tmp_path, expression, reason):
    assert value_of(tmp_path, expression, LOCALS) == Derived(reason=reason)


ROOT = """
remote_state { backend = "gcs" }
inputs = {
  project_id = "lab"
  zone       = "us-west1-a"
}
"""
CHILD = """
include "root" {
  path = find_in_parent_folders("root.hcl")
}
dependency "static" { config_path = "../static" }
inputs = {
  zone    = "us-west1-b"
  network = dependency.static.outputs.network_self_link
}
"""


def test_what_a_file_includes_is_read_before_it(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "root.hcl").write_text(ROOT)
    environment = read(tmp_path, CHILD, "api/apiv1/terragrunt.hcl")
    assert environment.text("project_id") == "lab"
    assert environment.text("zone") == "us-west1-b"
    places = [(one.name, one.file.name, one.line) for one in environment.assigned]
    assert places == [
        ("project_id", "root.hcl", 4),
        ("zone", "root.hcl", 5),
        ("zone", "terragrunt.hcl", 7),
        ("network", "terragrunt.hcl", 8),
    ]
    assert environment.notices == ()


def test_an_included_file_outside_of_the_repository_is_not_read(tmp_path):
    (tmp_path / "root.hcl").write_text(ROOT)
    environment = read(tmp_path, CHILD, "api/terragrunt.hcl", repository=tmp_path / "api")
    assert environment.text("project_id") is None
    assert [str(notice) for notice in environment.notices] == [
        (
            f"{tmp_path}/api/terragrunt.hcl:3: The file that is included here was not found, so its inputs are not"
            " read. Import it by itself, or say with --repo which folder holds both."
        )
    ]


def test_variables_of_terraform_are_read(tmp_path):
    environment = read(tmp_path, 'project_id = "lab"\ndns_entries = {}\n', "terraform.tfvars")
    assert list(environment.variables) == ["project_id", "dns_entries"]


def test_merged_inputs_are_read_and_computed_ones_told_of(tmp_path):
    environment = read(tmp_path, 'locals { a = { x = "1" } }\ninputs = merge(local.a, { y = "2" }, yamldecode("z"))\n')
    assert (environment.text("x"), environment.text("y")) == ("1", "2")
    assert [(notice.line, notice.message) for notice in environment.notices] == [
        (2, "These inputs are computed and were not read. Write them out as `name = value`.")
    ]


BROKEN = {
    "unclosed bracket": ('inputs = {\n  a = "b"\n', "This is not valid in Terraform's language."),
    "unclosed quote": ('inputs = {\n  a = "b\n  c = "d"\n}\n', "A quote opens here and does not close in this line."),
    "two values": ('inputs = {\n  a = "b" "c"\n}\n', "This is not valid in Terraform's language."),
    "shell": ("export A=1\nif true; then\n", "This is not valid in Terraform's language."),
    "zero byte": ('a = "\0"\n', "This is no text: it holds a zero byte."),
    "deep list": ("inputs = { a = " + "[" * 60 + "]" * 60 + " }", "Values stand inside values more than 50 times."),
    "deeper list": ("inputs = { a = " + "[" * 30_000 + "]" * 30_000 + " }", "Values stand inside values"),
    "deep brackets": ("inputs = { a = " + "(" * 2_000 + "1" + ")" * 2_000 + " }", "Values stand inside values"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_valid_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path, text)
    assert caught.value.line > 0
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "a = [" + '"x", ' * 100_000 + "]\n",
        "".join(f'k{number} = "v"\n' for number in range(20_000)),
        'a = "' + "x" * 1_000_000 + '"\n',
        "a = " + "1 + " * 20_000 + "1\n",
        "a = " + "-" * 20_000 + "1\n",
        'a = "' + '${"' * 10_000 + '"}' * 10_000 + '"\n',
    ],
    ids=["items", "inputs", "long text", "sum", "signs", "templates"],
)
def test_size_ends_in_inputs_or_in_the_error(tmp_path, text):
    try:
        found = bool(read(tmp_path, text, "terraform.tfvars").variables)
    except UnreadableError as error:
        found = error.line > 0
    assert found


PIECES = """inputs = { } [ ] ( ) " ${ %{ <<EOT EOT <<-X X a b.c local.a locals include "root" path merge( , : \\ #
/* */ 1 -2.5e3 true null if for in => ? ... dependency.x.outputs.y \u00e9 \0"""
SOUP = st.lists(st.sampled_from([*PIECES.split(), "\n", "\r\n"]) | st.text(max_size=4), max_size=50).map(" ".join)


@pytest.mark.fuzz
@given(SOUP | st.text(max_size=100), st.sampled_from(["terragrunt.hcl", "terraform.tfvars"]))
def test_any_text_is_inputs_or_the_error(tmp_path_factory, text, name):
    folder = tmp_path_factory.getbasetemp() / f"hcl-{os.getpid()}"
    try:
        told = read(folder, text, name).notices
    except UnreadableError as error:
        told = (error,)
    assert all(str(one).startswith(str(folder)) for one in told)


@pytest.mark.fuzz
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.integers(-(10**17), 10**17), st.booleans())
def test_texts_and_numbers_come_back_as_they_were_written(tmp_path_factory, text, number, truth):
    folder = tmp_path_factory.getbasetemp() / f"hcl-{os.getpid()}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    environment = read(folder, f'a = "{escaped}"\nb = {number}\nc = {str(truth).lower()}\n', "terraform.tfvars")
    found = [environment.text(name) for name in "abc"]
    assert found == [text, str(number), str(truth).lower()]
