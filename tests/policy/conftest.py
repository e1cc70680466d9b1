"""The stacks that policies are proved on: the examples, and what the examples leave out."""

from __future__ import annotations

import pytest

from tests.examples import ExampleStack
from tests.synthesis import whole


@pytest.fixture(scope="session")
def every_stack(examples: dict[str, ExampleStack]) -> dict[str, ExampleStack]:
    """Every stack of the examples, of a deployment with everything switched on, and of services of ours."""
    ours = whole.ours()
    return {**examples, **whole.everything(), ours.name: ours}
