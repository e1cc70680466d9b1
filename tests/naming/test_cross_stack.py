"""The table of values that cross stacks says what the names really are."""

import pytest

from karst.cross_stack import CROSS_STACK_VALUES
from tests.naming.test_names import names_of

STACKS = {"foundation", "data", "cluster", "addons", "apps", "run", "edge"}


@pytest.mark.parametrize("value", CROSS_STACK_VALUES, ids=lambda value: value.value)
def test_every_value_has_an_owner_users_and_an_example(value):
    assert value.owner in STACKS
    assert value.users
    assert set(value.users) <= STACKS
    assert value.example(names_of("api"))


def test_no_value_stands_twice():
    assert len({value.value for value in CROSS_STACK_VALUES}) == len(CROSS_STACK_VALUES)
