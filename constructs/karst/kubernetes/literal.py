"""Text that Terraform and Kubernetes must pass on as it is, though it holds what both take for references."""

from __future__ import annotations


def literal(text: str) -> str:
    """`text` for any attribute: without this, Terraform would fill in `${...}` and `%{...}` itself."""
    return text.replace("${", "$${").replace("%{", "%%{")


def variable(value: str) -> str:
    """`value` of an environment variable: Kubernetes too would fill in `$(...)`."""
    return literal(value.replace("$(", "$$("))
