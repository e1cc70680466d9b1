"""The proof covers every stack that the examples declare."""

from __future__ import annotations

from tests.examples import ENVIRONMENTS, ExampleStack


def test_every_example_has_a_foundation_a_run_and_an_edge_stack(examples: dict[str, ExampleStack]) -> None:
    deployments = {path.parent.name for path in ENVIRONMENTS.glob("*/deployment.yaml")}
    expected = {f"{name}{suffix}" for name in deployments for suffix in ("-foundation", "-run", "")}
    assert expected <= set(examples)


def test_every_dataset_has_a_stack(examples: dict[str, ExampleStack]) -> None:
    expected = {f"{path.parent.parent.name}-data-{path.stem}" for path in ENVIRONMENTS.glob("*/datasets/*.yaml")}
    assert expected
    assert expected <= set(examples)
