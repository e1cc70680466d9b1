"""What operators' files really hold: upstream's own mistakes, forgotten quotes, files that are none."""

import os
from pathlib import Path

import pytest

from karst.adoption.shell import read_environment
from karst.adoption.values import Derived, UnreadableError
from tests.adoption.test_shell_grammar import read, value_of


def messages(environment) -> list[tuple[int, str]]:
    return [(notice.line, notice.message) for notice in environment.notices]


SPACED = (
    "There is a blank beside the `=` of K: bash refuses the line and leaves K as it was. Karst read what was meant. To"
    " say it in bash, write `{}` without the blank."
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("""export K = "'default','staff'" """, "export K=..."),
        ("""export K= "'default','staff'" """, "export K=..."),
        ("""export K ="'default','staff'" """, "export K=..."),
        ("""K = "'default','staff'" """, "K=..."),
        ("""K= "'default','staff'" """, "K=..."),
        ("""K ="'default','staff'" # why""", "K=..."),
    ],
)
def test_a_blank_beside_the_equals_sign_is_read_as_meant(tmp_path, text, wanted):
    environment = read(tmp_path, f"A=1\n{text}\nB=2\n")
    assert value_of(environment) == "'default','staff'"
    assert messages(environment) == [(2, SPACED.format(wanted))]
    assert list(environment.variables) == ["A", "K", "B"]


def test_two_exports_without_values_are_no_value(tmp_path):
    environment = read(tmp_path, "A=1\nB=2\nexport A= B\n")
    assert (value_of(environment, "A"), value_of(environment, "B"), environment.notices) == ("", "2", ())


def test_a_value_with_blanks_and_without_quotes_is_told_of_and_never_shown(tmp_path):
    environment = read(tmp_path, "K=correct horse battery\nexport L=correct horse! battery\n")
    assert messages(environment) == [
        (1, ("Bash takes what follows K in this line for a command, and sets nothing. If it belongs to the value, put"
            " the whole value between quotes.")),
        (2, ("This line goes on with words that bash takes for no value. If the value of L has blanks, put all of it"
            " between quotes.")),
        (2, ("A name is exported here that nothing above sets. If the word belongs to a value with blanks, put the"
            " whole value between quotes; otherwise remove it.")),
    ]  # fmt: skip
    assert list(environment.variables) == ["L"]


UNCLOSED = {
    "double": ('export K="v\nexport L=1\nexport M="x y"\n', 1, "double quote"),
    "single": ("export K='v\nexport L=1\nexport M='x y'\n", 1, "single quote"),
    "at the end": ('export L=1\nexport M="x y"\nexport K="v', 3, "double quote"),
    "in the middle": ('export L=1\nexport K=v"\nexport M="x y"\n', 2, "double quote"),
}


@pytest.mark.parametrize(("text", "line", "what"), UNCLOSED.values(), ids=UNCLOSED.keys())
def test_a_quote_that_never_closes_costs_no_more_than_its_line(tmp_path, text, line, what):
    environment = read(tmp_path, text)
    assert [value_of(environment, name) for name in "KLM"] == ["v", "1", "x y"]
    assert messages(environment) == [
        (line, (f"A {what} opens here and never closes, so bash would refuse the whole file. It was read as if it"
               " closed at the end of this line. Close it where it belongs, then import again."))
    ]  # fmt: skip


@pytest.mark.parametrize("opening", ["$(", "${", "`", "(", "$(("])
def test_a_bracket_that_never_closes_costs_no_more_than_its_line(tmp_path, opening):
    environment = read(tmp_path, f"A=1\nK={opening}x\nexport LONG=2\n")
    assert (value_of(environment, "A"), value_of(environment, "LONG")) == ("1", "2")
    assert [line for line, _ in messages(environment)] == [2] or opening == "${"


def test_two_forgotten_quotes_that_bash_would_not_notice_are_told_of(tmp_path):
    environment = read(tmp_path, 'export K="a\nexport FIRST=1\nexport SECOND="b\n')
    assert messages(environment) == [
        (1, ("The quoted value that begins here runs over what looks like another assignment, in line 2. If that is not"
            " meant, close the quote before it."))
    ]  # fmt: skip


def test_too_many_forgotten_quotes_end_in_an_error_that_says_where(tmp_path):
    text = "A=$(\n" * 100
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == (
        f"{tmp_path}/lab.sh:21: Too many quotes and brackets are missing to guess what is meant. Repair this one and"
        " the next."
    )


def test_an_if_without_its_end_is_told_of(tmp_path):
    environment = read(tmp_path, 'A=1\nif [ -n "$A" ]; then\nK=2\n')
    assert value_of(environment) == "2"
    assert messages(environment) == [(2, "This `if` has no `fi`. Add it where the condition ends, then import again.")]


REFUSED = {
    "above": ("$(cat ../secret)", "lies outside of the environment repository"),
    "absolute": ("$(cat /etc/hostname)", "lies outside of the environment repository"),
    "link": ("$(cat link)", "lies outside of the environment repository"),
    "missing": ("$(cat schedule.json)", "is not there"),
    "folder": ("$(cat folder)", "Name a file"),
    "pipe": ("$(cat pipe)", "This is a device, a pipe or a folder"),
    "large": ("$(cat large)", "larger than 8 MiB"),
    "zero": ("$(cat zero)", "holds a zero byte"),
    "two files": ("$(cat a b)", "Karst reads one file"),
    "other script": ("$(cat a | jq .)", "Karst reads one file"),
    "computed name": ("$(cat $(ls))", "has a name that is not known"),
}


@pytest.mark.parametrize(("command", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_cannot_be_taken_in_is_told_of(tmp_path, command, expected):
    repository = tmp_path / "repository"
    (repository / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("hunter2")
    (repository / "link").symlink_to(tmp_path / "secret")
    (repository / "zero").write_bytes(b"a\0b")
    with (repository / "large").open("wb") as stream:
        stream.truncate((8 << 20) + 1)
    os.mkfifo(repository / "pipe")
    environment = read(repository, f'A=1\nexport K="{command}"\n')
    assert isinstance(environment.variables["K"].value, Derived)
    assert [line for line, _ in messages(environment)] == [2]
    assert expected in environment.notices[0].message
    assert "hunter2" not in environment.notices[0].message


UNREADABLE = {
    "zero byte": (b"A=1\nB=\0\n", 2, "This is no text: it holds a zero byte. Check that this is the right file."),
    "UTF-16": ("A=1\n".encode("utf-16"), 1, "This is text as UTF-16 or UTF-32. Save it as UTF-8."),
    "large": (b"#" * ((8 << 20) + 1), 0, "It is larger than 8 MiB, so hardly a configuration. Check the path."),
    "deep": (b"{ " * 30, 1, "Blocks stand inside blocks more than 20 times. Write the variables without them."),
    "doubling": (
        b"A=12345678\n" + b"A=$A$A\n" * 40,
        24,
        (
            "All values together are longer than 64 million characters: one is put together from itself again and"
            " again. Write the values out."
        ),
    ),
}


@pytest.mark.parametrize(("raw", "line", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_environment_file_is_refused_with_a_reason(tmp_path, raw, line, message):
    file = tmp_path / "lab.sh"
    file.write_bytes(raw)
    with pytest.raises(UnreadableError) as caught:
        read_environment(file)
    assert (caught.value.line, caught.value.message) == (line, message)
    assert str(caught.value).startswith(f"{file}:{line}: " if line else f"{file}: ")


@pytest.mark.parametrize("path", ["/dev/zero", "missing.sh", "."])
def test_only_files_are_read(path):
    with pytest.raises(UnreadableError):
        read_environment(Path(path))


def test_other_encodings_are_read_and_told_of(tmp_path):
    file = tmp_path / "lab.sh"
    file.write_bytes(b"\xef\xbb\xbfA=1\r\nK='M\xfcller'\r\n")
    environment = read_environment(file)
    assert (value_of(environment, "A"), value_of(environment)) == ("1", "Müller")
    assert messages(environment) == [
        (1, "Lines end as on Windows. They were read as if they did not."),
        (2, "This is no valid UTF-8; it was read as Latin-1. Look at its accents."),
    ]


def test_nothing_is_run(tmp_path):
    lines = [f"touch {tmp_path}/made", f"A=$(touch {tmp_path}/made)", f"`touch {tmp_path}/made`", f"> {tmp_path}/made"]
    environment = read(tmp_path, "\n".join([*lines, "K=1"]))
    assert value_of(environment) == "1"
    assert not (tmp_path / "made").exists()


def test_reading_ends_where_bash_would_end(tmp_path):
    environment = read(tmp_path, "K=1\nreturn 0\nK=2\n")
    assert value_of(environment) == "1"
    assert messages(environment) == [
        (2, "`return` ends the file here: bash reads nothing below, and neither did Karst.")
    ]


def test_more_than_a_thousand_notices_are_counted(tmp_path):
    environment = read(tmp_path, "curl x\n" * 1500)
    assert len(environment.notices) == 1001
    assert str(environment.notices[-1]) == (
        f"{tmp_path}/lab.sh: 500 more notices are left out. Look at those above first."
    )


HUGE = {
    "a line of a megabyte": "A='" + "x" * (1 << 20) + "'\nK=1\n",
    "nested substitutions": "A=" + "$(" * 50_000 + ")" * 50_000 + "\nK=1\n",
    "nested backquotes": "A=" + "`$(" * 20_001 + "\nK=1\n",
    "nested braces": "A=" + "${a:-" * 50_000 + "}" * 50_000 + "\nK=1\n",
    "nested arithmetic": "A=" + "$((" * 20_000 + "))" * 20_000 + "\nK=1\n",
    "nested arrays": "A=(" * 50_000 + "\nK=1\n",
    "half arithmetic": "((a) " * 10_000 + "\nK=1\n",
    "quotes": "A=" + "''\"\"" * 50_000 + "\nK=1\n",
    "items": "A=(" + "x " * 50_000 + ")\nK=1\n",
    "blanks in export": "export " + "A " * 50_000 + "\nK=1\n",
    "negations": "[ " + "! " * 50_000 + "x ]\nK=1\n",
    "here-documents": "cat <<A <<B\nx\nA\nB\n" * 5_000 + "K=1\n",
    "references to itself": "A=x\n" + "A=$A\n" * 10_000 + "K=1\n",
    "forgotten quotes": "A=\"x\nB='y\n" * 5_000 + "K=1\n",
    "many lines": "export A='v' # why\n" * 20_000 + "K=1\n",
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_size_and_depth_end_in_an_environment_or_in_the_error(tmp_path, text):
    try:
        environment = read(tmp_path, text)
    except UnreadableError as error:
        found = error.line > 0
    else:
        found = bool(environment.variables.keys() & {"A", "K"} or environment.notices)
    assert found
