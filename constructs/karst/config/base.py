"""The base of every configuration model: strict, frozen, and silent about nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A part of the configuration: unknown keys are errors, values can't change after loading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        allow_inf_nan=False,
        use_attribute_docstrings=False,
        validate_default=True,
    )
