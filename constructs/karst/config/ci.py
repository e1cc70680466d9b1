"""Which repository on GitHub may plan and deploy in a deployment's name, and from where in it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model

MOST_SUBJECT_BYTES = 127
"""What Google takes of the name under which GitHub introduces a job."""


class Ci(Model):
    """The repository whose workflows plan and deploy, without a key: GitHub vouches for each job, Google asks it."""

    repository: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9_.-]*[A-Za-z0-9_-]$", max_length=100),
    ] = Field(
        description="Owner and name on GitHub, in the letters that GitHub shows. No other repository gets in; after "
        "a change run `karst bootstrap` again.",
        examples=["lab/karst-environments"],
    )
    repository_id: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,19}$")] | None = Field(
        default=None,
        description="Number of the same repository, in quotes: `gh api repos/OWNER/NAME --jq .id`. With it nobody gets "
        "in who takes over a name that was given up.",
        examples=["412345678"],
    )
    branch: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*[A-Za-z0-9]$|^[A-Za-z0-9]$", max_length=60)
    ] = Field(default="main", description="The one branch from which is deployed.")
    environment: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)] | None = (
        Field(
            default=None,
            description="GitHub environment that a deploying job must be in, where people approve it; by default the "
            "deployment's name.",
            examples=["production"],
        )
    )

    @model_validator(mode="after")
    def _subjects_fit(self) -> Self:
        if self.branch.startswith("refs/"):
            raise ValueError(f"branch '{self.branch}' is a reference. Write the branch alone, such as main")
        longest = max(f"environment:{self.environment or 'e' * 20}", f"ref:refs/heads/{self.branch}", key=len)
        size = len(f"repo:{self.repository}:{longest}")
        if size > MOST_SUBJECT_BYTES:
            raise ValueError(
                f"GitHub would introduce a job by {size} letters, and Google takes {MOST_SUBJECT_BYTES}. Shorten the "
                "name of the environment, the branch or the repository"
            )
        return self
