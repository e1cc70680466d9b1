"""Every construct of upstream's environment files, and the value that it must be read as."""

import json
from pathlib import Path

import pytest

from karst.adoption.shell import read_environment
from karst.adoption.values import Derived, Environment, Items, Text


def read(folder: Path, text: str, **options: Path) -> Environment:
    file = folder / "lab.sh"
    file.write_text(text, encoding="utf-8")
    return read_environment(file, repository=options.get("repository", folder), scripts=options.get("scripts"))


def value_of(environment: Environment, name: str = "K") -> object:
    variable = environment.variables.get(name)
    match variable.value if variable else None:
        case Text(value=value):
            return value
        case Items(values=values):
            return list(values)
        case other:
            return other


TEXTS = {
    "export": ("export K=v", "v"),
    "plain": ("K=v", "v"),
    "empty": ("K=", ""),
    "indented": ("  \t export K=v", "v"),
    "single quotes": ("K='a b $X `c` \\n \"'", 'a b $X `c` \\n "'),
    "double quotes": ('K="a b \' c"', "a b ' c"),
    "escapes in double quotes": (r'K="\"\$X\`\\\n"', r'"$X`\\n'),
    "adjacent pieces": ("""K=a"b c"'d e'f""", "ab cd ef"),
    "quote in quotes": ("""K='it'"'"'s'""", "it's"),
    "escaped quote": (r"K=it\'s", "it's"),
    "trailing comment": ("K=v # and why", "v"),
    "no comment": ("K=v#1", "v#1"),
    "comment after a quote": ("K='a # b' # c", "a # b"),
    "only a comment": ("# K=w\nK=v", "v"),
    "escaped JSON": (
        r"N=200" + "\n" + r"export K={\"query\":\"${N}/minute\"\,\"fast\":1}",
        '{"query":"200/minute","fast":1}',
    ),
    "JSON in double quotes": ('K="{"a": "b"}"', "{a: b}"),
    "JSON in single quotes": ("""K='{"a": ["b c", 1]}'""", '{"a": ["b c", 1]}'),
    "several lines, single": ("K='[\n  {\"a\": 1}\n]'\nL=2", '[\n  {"a": 1}\n]'),
    "several lines, double": ('K="a:\n  - b # no comment\n"', "a:\n  - b # no comment\n"),
    "continued line": ("K=a\\\nb", "ab"),
    "continued in quotes": ('K="a\\\nb"', "ab"),
    "ANSI quotes": (r"K=$'a\tb\'\x41\u00e9'", "a\tb'A\u00e9"),
    "translated quotes": ('K=$"a b"', "a b"),
    "lone dollar": ('K="5 $"$', "5 $$"),
    "two in a line": ("J=1; K=$J-2", "1-2"),
    "two at once": ("J=1 K=$J-2", "1-2"),
    "several exported": ("export J=1 K=2", "2"),
    "repeated": ("K=a\nK=b", "b"),
    "repeated with itself": ("K=a\nK=$K-b", "a-b"),
    "appended": ("K=a\nK+=b", "ab"),
    "reference": ("J=x\nK=$J", "x"),
    "braces": ("J=x\nK=${J}y", "xy"),
    "no reference in single quotes": ("J=x\nK='$J'", "$J"),
    "left to right": ("J=x\nK=$J\nJ=y", "x"),
    "default": ("K=${J:-d}", "d"),
    "default of an empty one": ("J=\nK=${J:-d}${J-e}", "d"),
    "alternative": ("J=x\nK=${J:+set}${L+set}", "set"),
    "item of an array": ("J=(a b)\nK=${J[1]}$J", "ba"),
    "array as a text": ("J=(a b)\nK=${J[@]}", "a b"),
    "unset again": ("J=x\nunset J\nK=${J-gone}", "gone"),
    "redirection": ("export K=v 2>/dev/null", "v"),
    "group": ("{ K=v; }", "v"),
    "declare": ("declare -x K=v", "v"),
    "readonly": ("readonly K=v", "v"),
    "after set": ("set -euo pipefail\nK=v", "v"),
    "after a here-document": ("cat <<'END'\nK=no\nEND\nK=v", "v"),
    "scheme": ("K=gs://bucket/path?x=[1]", "gs://bucket/path?x=[1]"),
    "Windows line ends": ("K=v\r\nL=w\r\n", "v"),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_a_constant_has_the_value_that_bash_gives_it(tmp_path, text, expected):
    assert value_of(read(tmp_path, text)) == expected


ARRAYS = {
    "plain": ("K=(a b)", ["a", "b"]),
    "empty": ("K=()", []),
    "quoted": ("""B="x y"\nK=(a "$B" 'c d')""", ["a", "x y", "c d"]),
    "split at blanks": ("B='x  y'\nK=(a$B c)", ["ax", "y", "c"]),
    "several lines": ("K=(\n  a # first\n  b\n)", ["a", "b"]),
    "exported": ('E=lab\nexport K=("$E.example.org" other.example.org)', ["lab.example.org", "other.example.org"]),
    "from another": ('A=(a "b c")\nK=("${A[@]}" d)', ["a", "b c", "d"]),
    "appended": ("K=(a)\nK+=(b c)", ["a", "b", "c"]),
}


@pytest.mark.parametrize(("text", "expected"), ARRAYS.values(), ids=ARRAYS.keys())
def test_an_array_is_a_list(tmp_path, text, expected):
    assert value_of(read(tmp_path, text)) == expected


def test_a_value_knows_its_place_and_what_it_was_made_of(tmp_path):
    environment = read(tmp_path, "\nA=1\n\nexport K=${A}-$A-$PWD\n")
    variable = environment.variables["K"]
    assert (variable.line, variable.is_exported, variable.refers_to) == (4, True, ("A", "PWD"))
    assert variable.file == tmp_path / "lab.sh"


def test_each_assignment_is_kept_and_the_last_one_holds(tmp_path):
    environment = read(tmp_path, "K=a\nK=b\nunset L\nL=1\nunset L\n")
    assert [(one.name, one.line) for one in environment.assigned] == [("K", 1), ("K", 2), ("L", 4)]
    assert list(environment.variables) == ["K"]


def test_a_password_with_a_dollar_sign_is_not_told(tmp_path):
    environment = read(tmp_path, 'K="hunter$wordfish"\n')
    assert [notice.message for notice in environment.notices] == [
        (
            "A variable is used here, but nothing above sets it; like bash, Karst takes it as empty. Set it, or remove"
            " it here."
        )
    ]


def test_an_unset_variable_is_empty_and_told_of(tmp_path):
    environment = read(tmp_path, 'A=1\nexport K="x${NOWHERE}y"\n')
    assert value_of(environment) == "xy"
    assert [str(notice) for notice in environment.notices] == [
        (
            f"{tmp_path}/lab.sh:2: $NOWHERE is used, but nothing above sets it; like bash, Karst takes it as empty. Set"
            " it, or remove it here."
        )
    ]


DERIVED = {
    "gcloud": ("""K="$(gcloud compute addresses describe $C | sed 's?a: ??')\"""", "the output of gcloud"),
    "echo": ("""A=a\nK=$(echo "$A" | sed 's?  ?    ?g')""", "the output of echo"),
    "backquotes": ("K=`date`", "the output of date"),
    "unknown command": ("K=$(hunter2 x)", "the output of a command"),
    "nested": ('K="$(gcloud x "$(echo ")")" `a`)"', "the output of gcloud"),
    "arithmetic": ("K=$((1 + (2)))", "arithmetic"),
    "process": ("K=<(ls)", "a running command"),
    "of another": ("A=$(gcloud x)\nK=redis://$A/0", "the output of gcloud"),
    "home": ("K=~/keys", "the home folder of whoever runs it"),
    "the operator's": ("K=$HOME/keys", "HOME, which every operator's shell has of its own"),
    "parameter": ("K=$1", "a parameter that only a running shell has"),
    "expansion": ("A=a\nK=${A%x}", "an expansion that Karst does not compute"),
}


@pytest.mark.parametrize(("text", "reason"), DERIVED.values(), ids=DERIVED.keys())
def test_what_a_shell_would_compute_is_derived(tmp_path, text, reason):
    assert value_of(read(tmp_path, text)) == Derived(reason=reason)


HOSTS = """
export DNS_HOSTNAMES=("a.example.org" b.example.org)
DASHED=''
for dns_hostname in ${DNS_HOSTNAMES[@]};
do
    DASHED=$DASHED'
  - '"${dns_hostname}"
done
export DASHED
export TABBED=$(echo "$DASHED" | sed 's?  ?    ?g')
export K=after
"""


def test_the_host_list_builders_are_recognised(tmp_path):
    environment = read(tmp_path, HOSTS)
    assert value_of(environment, "DNS_HOSTNAMES") == ["a.example.org", "b.example.org"]
    assert value_of(environment, "DASHED") == Derived(reason="the work of a loop")
    assert value_of(environment) == "after"
    assert (list(environment.variables), environment.notices) == (["DNS_HOSTNAMES", "DASHED", "TABBED", "K"], ())


def test_any_other_loop_is_told_of(tmp_path):
    environment = read(tmp_path, "for i in 1 2; do K=$i; export L=x; done\n")
    assert value_of(environment) == Derived(reason="the work of a loop")
    assert [notice.message for notice in environment.notices] == [
        "This loop is not run, so its values for K, L are not read. Write out those that matter."
    ]


@pytest.mark.parametrize(("replicas", "expected"), [("0", "false"), ("1", "true"), ("12", "true")])
def test_the_switch_of_the_guidebook_is_followed(tmp_path, replicas, expected):
    block = f"export M={replicas}\nif ((${{M}}>0))\nthen\n   export K=true\nelse\n   export K=false\nfi\n"
    environment = read(tmp_path, block)
    assert (value_of(environment), environment.notices) == (expected, ())


CONDITIONS = {
    "unset": ('if [ -z "${A}" ]; then K=yes; fi', "yes"),
    "set": ('A=1\nif [ -n "${A}" ] && [ -z "${B}" ]; then K=yes; fi', "yes"),
    "elif": ('A=1\nif [ -z "$A" ]; then K=a; elif [[ $A == 1 ]]; then K=b; else K=c; fi', "b"),
    "else": ('if [ "$A" = 1 ]; then K=a; else K=c; fi', "c"),
    "numbers": ("A=3\nif [ $A -gt 2 ]; then K=more; fi", "more"),
    "joined": ('A=1\n[ -z "$A" ] || K=yes', "yes"),
    "not": ('A=1\nif ! [ -z "$A" ]; then K=a; fi\nif [ ! -n "$A" ]; then K=b; fi', "a"),
}


@pytest.mark.parametrize(("text", "expected"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_condition_on_constants_is_decided(tmp_path, text, expected):
    environment = read(tmp_path, text)
    assert (value_of(environment), environment.notices) == (expected, ())


def test_a_condition_that_only_a_shell_decides_leaves_its_values_open(tmp_path):
    environment = read(tmp_path, "if gcloud x; then K=a; else L=b; fi\n[ -f file ] && M=c\n")
    assert [type(variable.value) for variable in environment.variables.values()] == [Derived, Derived, Derived]
    assert [notice.message for notice in environment.notices] == [
        "The command `gcloud` is not run. If it sets a variable that matters, write the variable's value out.",
        (
            "Whether this runs depends on an `if` that only a running shell decides, so its values for K, L are not"
            " read. Write out those that matter."
        ),
        (
            "Whether this runs depends on a condition that only a running shell can tell, so its values for M are not"
            " read. Write out those that matter."
        ),
    ]


@pytest.mark.parametrize(
    "command", ["$(cat graphs.yaml)", "$(< graphs.yaml)", "`cat graphs.yaml`", '"$(cat ./graphs.yaml)"',
                """$(cat graphs.yaml | awk '{printf "    %s\\n",$0}')""", "$(cat $ENV_REPO_PATH/graphs.yaml)",
                "$(cat ${PWD}/graphs.yaml)"],
)  # fmt: skip
def test_a_file_of_the_repository_is_taken_in(tmp_path, command):
    (tmp_path / "graphs.yaml").write_text("    graph:\n      l2cache_id: x\n\n")
    environment = read(tmp_path, f"export K={command}")
    assert environment.variables["K"].value == Text(value="graph:\n  l2cache_id: x", file=tmp_path / "graphs.yaml")
    assert environment.notices == ()


def test_a_schedule_is_found_from_the_file_from_its_repository_and_from_the_folder_above(tmp_path):
    repository = tmp_path / "environments"
    (repository / "local").mkdir(parents=True)
    (repository / "local" / "schedule.json").write_text('[{"task": "x"}]')
    for path in ("local/schedule.json", "environments/local/schedule.json", str(repository / "local/schedule.json")):
        environment = read(repository, f"K=$(cat {path})")
        assert json.loads(str(value_of(environment))) == [{"task": "x"}]


def test_a_path_may_count_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "common.sh").write_text("A=shared\n")
    environment = read(tmp_path / "local", ". ./common.sh\nK=$(cat common.sh)\n", repository=tmp_path)
    assert (value_of(environment, "A"), value_of(environment)) == ("shared", "A=shared")


def test_the_working_folder_has_no_name_of_its_own(tmp_path):
    assert value_of(read(tmp_path, "ROOT_FOLDER=$PWD\nK=${ROOT_FOLDER}/secrets/lab")) == "./secrets/lab"


def test_files_of_the_scripts_are_read_around_that_of_a_local_deployment(tmp_path):
    local = tmp_path / "infrastructure" / "local"
    local.mkdir(parents=True)
    (tmp_path / "env_config.sh").write_text("export ENV_REPO_PATH=/home/someone/environments\n")
    (local / "defaults.sh").write_text("export K=default\nexport L=default\n")
    (local / "convert_variables.sh").write_text('if [ -z "${Q}" ]; then\n  export Q="$L"\nfi\n')
    environment = read(tmp_path, "export K=own", scripts=tmp_path)
    assert [value_of(environment, name) for name in "KLQ"] == ["own", "default", "default"]
    environment = read(tmp_path, "export K=own\nexport AUTH_VERSION=2", scripts=tmp_path)
    assert list(environment.variables) == ["ENV_REPO_PATH", "K", "AUTH_VERSION"]


def test_a_sourced_file_of_the_repository_is_followed(tmp_path):
    (tmp_path / "common.sh").write_text("A=shared\nfoo\n")
    environment = read(tmp_path, "source common.sh\nK=$A\n")
    assert value_of(environment) == "shared"
    assert environment.variables["A"].file == tmp_path / "common.sh"
    assert [(notice.file.name, notice.line) for notice in environment.notices] == [("common.sh", 2)]
