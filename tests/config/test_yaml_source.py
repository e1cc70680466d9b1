"""The YAML reader: plain types, no surprises, no way to make it work hard or fail in any other way than it says."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.errors import ConfigError, Problem
from karst.config.loader import check
from karst.config.yaml_source import MAX_BYTES, parse_source


def refusal(raw: bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_source(raw, "f.yaml")
    return str(caught.value)


def complaints(raw: bytes) -> list[Problem]:
    """What is wrong with `raw` as a deployment and as a dataset; anything but a `ConfigError` gets out."""
    found: list[Problem] = []
    for model in (Deployment, Dataset):
        try:
            check(parse_source(raw, "f.yaml"), model)
        except ConfigError as error:
            found += error.problems
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("010", "010"),
        ("0o14", "0o14"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("-7", -7),
        ("99999999999999999999999", 99999999999999999999999),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("'5'", "5"),
        ('"true"', "true"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    read = parse_source(f"key: {text}\n".encode(), "f.yaml").data["key"]
    assert read == value
    assert type(read) is type(value)


def test_every_key_and_item_knows_its_line() -> None:
    source = parse_source(b"a: 1\nb:\n  - x\n  - c: 2\n", "f.yaml")
    lines = {(): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}
    assert dict(source.lines) == lines
    assert source.line(("b", 1, "absent", 0)) == 4


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = "".join(f"l{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    started = time.perf_counter()
    assert "sets the anchor '&a0'" in refusal(f"l0: &a0 [x]\n{levels}".encode())
    assert time.perf_counter() - started < 1


def test_a_cycle_is_refused() -> None:
    assert "f.yaml:1: a[0]: uses the alias '*a'" in refusal(b"a: &a [*a]\n")


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "])
def test_depth_is_bounded(opening: bytes) -> None:
    assert "is nested more than 50 levels deep" in refusal(b"x:\n " + opening * 20_000)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "f.yaml:1: is empty."),
        (b"# only a comment\n", "f.yaml:1: is empty."),
        (b"---\n", "f.yaml:2: is empty."),
        (b"- 1\n", "f.yaml:1: holds a list where keys with values belong."),
        (b"\xef\xbb\xbfa: 1\n", "f.yaml:1: begins with a byte order mark."),
        (b"a: 1\nb: \xff\n", "f.yaml:2: is no valid UTF-8."),
        (b"a: 1\nb: \x00\n", "f.yaml:2: holds the invisible character U+0000."),
        (
            b'a: 1\nb: {C: "x\\0y"}\n',
            "f.yaml:2: b.C: holds a NUL character, at which every program's text ends. Remove it.",
        ),
        (b'"k\\0": 1\n', "holds a NUL character, at which every program's text ends. Remove it."),
        (b"a: 1\n" + b"#" * MAX_BYTES, "f.yaml: is larger than 1 MiB."),
        (b"? [a, b]\n: 1\n", "f.yaml:1: has a list as a key."),
        (b"a: 1\n: 2\n", "f.yaml:2: is no valid YAML"),
        (b"a: &x 1\n", "f.yaml:1: a: sets the anchor '&x'."),
        (
            b"a: !!python/object/apply:os.system ['true']\n",
            "has the tag 'tag:yaml.org,2002:python/object/apply:os.system'.",
        ),
    ],
)
def test_refusals(raw: bytes, says: str) -> None:
    assert says in refusal(raw)


def test_windows_line_ends_are_line_ends() -> None:
    assert parse_source(b"a: 1\r\nb: 2\r\n", "f.yaml").line(("b",)) == 2


FRAGMENTS = st.sampled_from(
    [
        "name",
        "gcp",
        "kinds",
        ": ",
        "\n",
        "  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "\\",
        "%",
        "@",
        "&a",
        "*a",
        "!!x",
        "|",
        ">",
        "? ",
        "---",
        "...",
        "#",
        "~",
        "1e999",
        ".nan",
        "0",
        "9" * 120,
        "null",
        "<<",
        "ü",
        "\u2028",
        "\t",
        "\x85",
        "🧠",
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(FRAGMENTS, max_size=40).map("".join).map(str.encode)))
@example(b'"\\ud800": 1')
@example(b"a: " + b"9" * 5000)
def test_no_text_raises_anything_but_a_config_error(raw: bytes) -> None:
    assert all(problem.message and problem.remedy for problem in complaints(raw))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*Deployment.model_fields, *Dataset.model_fields, "global"]), VALUES, max_size=6)
)
def test_no_data_raises_anything_but_a_config_error(data: dict[str, object]) -> None:
    raw = json.dumps(data, ensure_ascii=True).replace("\\ud", "?").encode()
    assert all(problem.message and problem.remedy for problem in complaints(raw))
