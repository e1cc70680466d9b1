"""Files made at random from the grammar have the values that a real bash gives them; any text at all is survived."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst.adoption.shell import read_environment
from karst.adoption.values import Derived, Items, Text, UnreadableError
from tests.adoption.bash_oracle import ask

NAMES = ("A", "B", "LONG_NAME")
name = st.sampled_from(NAMES)
characters = st.characters(exclude_categories=["Cs", "Cc"])
bare = st.text("abcXYZ019_-+.,:/@%^{}[]=#?*é", max_size=6)
single = st.text(characters | st.just("\n"), max_size=8).map(lambda text: "'" + text.replace("'", "") + "'")
escaped = st.sampled_from(list(" \t'\"$`\\#;&|<>()~*?!xé")).map(lambda char: "\\" + char)
ansi = st.lists(
    st.sampled_from([r"\n", r"\t", r"\'", r"\\", r"\x41", r"\101", r"\u00e9", "a", '"', "$"]), max_size=4
).map(lambda parts: "$'" + "".join(parts) + "'")
reference = st.builds(
    str.format, st.sampled_from(["${}", "${{{}}}", "${{{}:-d e}}", "${{{}-}}", "${{{}:+x}}", "${{{}[1]}}"]), name
)
inside_double = (
    st.text(characters | st.just("\n"), max_size=6).map(lambda text: "".join(c for c in text if c not in '"\\$`'))
    | st.sampled_from([r"\"", r"\$", r"\`", r"\\", r"\x", "\\\n", "'", "# ", "$ "])
    | reference
)
double = st.lists(inside_double, max_size=4).map(lambda parts: '"' + "".join(parts) + '"')
value = st.lists(bare | single | double | escaped | ansi | reference, max_size=4).map("".join)
# Between the brackets of an array, bare text could also be a pattern, a brace expansion or a subscript.
item = st.lists(
    st.text("abc019_-+./", min_size=1, max_size=4) | single | double | reference, min_size=1, max_size=3
).map("".join)
items = st.lists(item | name.map('"${{{}[@]}}"'.format), max_size=4)
assignment = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "export ", "  export ", "\t"]),
    name,
    st.sampled_from(["=", "=", "=", "+="]),
    value | items.map(lambda words: "(" + "\n ".join(words) + ")"),
)
simple = (
    assignment
    | name.map("export {}=".format)
    | st.just("# a 'comment\" with $(everything")
    | name.map("unset {}".format)
)
test = st.builds(
    str.format,
    st.sampled_from(['[ -z "${}" ]', '[ -n "${{{}}}" ]', "[[ ${} == x ]]", '[ "${}" != a ]', '! [ -z "${}" ]']),
    name,
)
branch = st.builds("if {}; then\n{}\nelse\n{}\nfi".format, test, simple, simple)
statement = simple | branch | st.builds("{} && {}".format, test, assignment) | simple.map("{{ {}\n}}".format)
script = st.lists(
    st.builds("{}{}".format, statement, st.sampled_from(["\n", "\n\n", " # why\n", " ;\n"])), min_size=1, max_size=8
).map("".join)


def read(folder: Path, text: str):
    file = folder / "lab.sh"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_environment(file, repository=folder)


def values_of(environment, wanted: str) -> tuple[str, ...] | None:
    """As bash counts them: nothing, one text, or the items; None where it takes a shell to tell."""
    variable = environment.variables.get(wanted)
    match variable.value if variable else None:
        case None:
            return ()
        case Text(value=text):
            return (text,)
        case Items(values=texts):
            return texts
        case _:
            return None


@pytest.mark.fuzz
@given(st.lists(script, min_size=1, max_size=3))
def test_constants_have_the_values_that_bash_gives_them(scripts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        judged = ask(scripts, NAMES, folder)
        for text, expected in zip(scripts, judged, strict=True):
            if expected is None:
                continue
            environment = read(folder, text)
            for wanted in NAMES:
                assert values_of(environment, wanted) in (expected[wanted], None), (text, wanted)


@pytest.mark.fuzz
@given(st.lists(st.builds("LONG_NAME={}\n".format, value), min_size=1, max_size=6))
def test_a_value_is_a_text_and_never_given_up(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        for text, expected in zip(lines, ask(lines, NAMES, folder), strict=True):
            if expected is not None and "~" not in text:
                assert values_of(read(folder, text), "LONG_NAME") == expected["LONG_NAME"], text


PIECES = """A= export A $A ${ ${A:- $( $(( (( )) ` ' " \\ # ( ) { } [ ] [[ ]] if then fi else elif for in do done while
case esac ;; ; & && || | < > << <<A <( ~ = += == ! * $' $" . source cat unset return declare -i A=( \u00e9 \x1b \0"""
SOUP = st.lists(
    st.sampled_from([*PIECES.split(), "\n", "\n", "\\\n", "\r\n", " "]) | st.text(max_size=5), max_size=60
).map(lambda parts: " ".join(parts) if len(parts) % 2 else "".join(parts))


@pytest.mark.fuzz
@given(SOUP | st.text(max_size=200))
def test_any_text_is_an_environment_or_the_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as name_of_folder:
        try:
            environment = read(Path(name_of_folder), "PASSWORD='hunter2 swordfish'\n" + text)
        except UnreadableError as error:
            told = str(error)
        else:
            told = "\n".join(map(str, environment.notices))
            assert all(isinstance(one.value, Text | Items | Derived) and one.line > 0 for one in environment.assigned)
        assert "hunter2" not in told
        assert "swordfish" not in told


@pytest.mark.fuzz
@given(st.binary(max_size=200))
def test_any_bytes_are_an_environment_or_the_error(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as name_of_folder:
        file = Path(name_of_folder) / "lab.sh"
        file.write_bytes(raw)
        try:
            told = read_environment(file).notices
        except UnreadableError as error:
            told = (error,)
        assert all(str(one).startswith(str(file)) for one in told)
