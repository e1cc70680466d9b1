"""What the states of the configuration mean for the protection of a stack."""

from __future__ import annotations

from karst.config.dataset import Dataset
from karst.config.types import DatasetState, GenerationState, OnRemoval
from karst.protection import Protection


def dataset_protection(dataset: Dataset) -> Protection:
    """Protection of a dataset's stack: full while it is active; retired, what its removal will do."""
    if dataset.state is DatasetState.ACTIVE:
        return Protection.PROTECTED
    return Protection.ABANDONED if dataset.on_removal is OnRemoval.KEEP else Protection.RELEASED


def generation_protection(state: GenerationState) -> Protection:
    """Protection of a generation's stacks: full until it is retired."""
    is_over = state in (GenerationState.RETIRED, GenerationState.REMOVED)
    return Protection.RELEASED if is_over else Protection.PROTECTED
