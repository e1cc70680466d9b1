"""Declarations that mean nothing are refused, and the message says what to write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from karst_schema.types import AnnotationType, DeclarationError, annotation_types, columns, document
from karst_schema.types.declaring import VALID, bound_point, flag, integer, point, reference, text

Fields = tuple[object, ...]


def declared(*fields: object, name: str = "spine", class_name: str = "Spine", about: str = "x") -> AnnotationType:
    return AnnotationType(name=name, class_name=class_name, description=about, fields=fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: declared(name="Spine"), "'Spine' can't be a name. Use lower case letters"),
        (lambda: declared(name="a b"), "can't be a name"),
        (lambda: declared(name="spine\n"), "can't be a name"),
        (lambda: declared(class_name="spine"), "a capital letter first"),
        (lambda: declared(about=" "), "say in the description of it what it means"),
        (lambda: declared(flag("a", "")), "say in the description of a what it means"),
        (lambda: declared(flag("a", "x"), flag("a", "y")), "spine has a twice"),
        (lambda: declared(flag("a-b", "x")), "'a-b' can't be a name"),
        (lambda: declared(text("a", "x", choices=("L", "R"), default="M")), "the default 'M' is none of the choices"),
        (lambda: declared(integer("a", "x", choices=("1",))), "spine.a: the choices are of another kind"),  # type: ignore[arg-type]
        (lambda: columns(declared(flag("id", "x"))), "the column id is taken"),
        (lambda: columns(declared(point("pt", "x"), flag("pt_position", "x"))), "the column pt_position is taken"),
    ],
)
def test_what_means_nothing_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(DeclarationError, match=says.replace(".", r"\.").replace("(", r"\(")):
        make()


def test_a_type_refers_to_one_annotation_at_the_most() -> None:
    with pytest.raises(DeclarationError, match="target_id twice"):
        declared(reference("x"), reference("y"))


def test_valid_comes_first_unless_it_has_a_place() -> None:
    assert [each.name for each in declared(flag("a", "x")).members] == ["valid", "a"]
    assert [each.name for each in declared(flag("a", "x"), VALID).members] == ["a", "valid"]


def test_parts_of_a_point_that_may_be_missing_may_be_missing() -> None:
    found = {each.name: each for each in columns(declared(point("a", "x", is_required=False), bound_point("b", "x")))}
    assert not found["a_position"].is_required
    assert found["b_position"].is_required
    assert not found["b_root_id"].is_required
    assert found["b_root_id"].path == ("b", "root_id")


def test_every_description_says_something() -> None:
    for each in annotation_types().values():
        for field in each.members:
            assert field.description.endswith("."), f"{each.name}.{field.name}"
        assert each.description.endswith("."), each.name


def test_documents_are_made_anew_for_each_caller() -> None:
    first = document(annotation_types()["synapse"])
    first["definitions"] = None
    assert document(annotation_types()["synapse"])["definitions"]


def test_the_types_need_no_web_server() -> None:
    program = (
        "import sys, karst_schema.types as types; types.annotation_types();"
        "print(sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    told = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"],
                          check=True, capture_output=True, text=True)  # fmt: skip
    assert told.stdout == "['__main__', 'karst_schema']\n"
