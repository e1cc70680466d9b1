"""How far cells are proofread."""

from karst_schema.types.declaring import AnnotationType, Field, big_integer, bound_point, flag, text, user_id

CELL = bound_point("pt", "In the cell, where it won't be cut off.")
VALID_ID = big_integer("valid_id", "The segment for which this was said; another one may have more or less by now.")


def status(name: str, of: str) -> Field:
    """How far a part of the cell is proofread."""
    return text(
        name,
        f"How far {of} is proofread. non: not as a whole; clean: nothing foreign is left in it; extended: besides, "
        "every tip was followed to its end.",
        choices=("non", "clean", "extended"),
    )


TYPES = (
    AnnotationType(
        name="proofread_status",
        class_name="ProofreadStatus",
        description="How far a cell is proofread.",
        fields=(CELL, VALID_ID, status("status", "the cell")),
    ),
    AnnotationType(
        name="compartment_proofread_status",
        class_name="CompartmentProofreadStatus",
        description="How far the dendrite and the axon of a cell are proofread.",
        fields=(CELL, VALID_ID, status("status_dendrite", "the dendrite"), status("status_axon", "the axon")),
    ),
    AnnotationType(
        name="proofreading_boolstatus_user",
        class_name="ProofreadingBoolStatusUser",
        description="Whether a cell is proofread, and who says so.",
        fields=(CELL, VALID_ID, flag("proofread", "Whether it is."), user_id("user_id", "Who says so.")),
    ),
    AnnotationType(
        name="compartment_proofread_status_strategy",
        class_name="CompartmentProofreadStatusStrategy",
        description="Whether the dendrite and the axon of a cell are proofread, and by which strategy.",
        fields=(
            CELL,
            VALID_ID,
            flag("status_dendrite", "Whether nothing foreign is left in the dendrite, at least."),
            flag("status_axon", "Whether nothing foreign is left in the axon, at least."),
            text("strategy_dendrite", "How the dendrite was proofread; the table's description explains the words."),
            text("strategy_axon", "How the axon was proofread; the table's description explains the words."),
        ),
    ),
)
