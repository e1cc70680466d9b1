"""Types of cells and neuropils of the fly."""

from karst_schema.types.declaring import AnnotationType, bound_point, reference, text

CELL = bound_point("pt", "In the cell.")
CELL_TYPE = text("cell_type", "Name of the type.")
HEMISPHERE = text(
    "hemisphere",
    "Side of the brain: left, right, middle or unknown.",
    choices=("L", "R", "M", "U"),
    default="U",
)

TYPES = (
    AnnotationType(
        name="fly_neuropil",
        class_name="FlyNeuropil",
        description="The neuropil of a synapse, or of another annotation.",
        fields=(reference("What is in the neuropil."), text("neuropil", "Name of the neuropil.")),
    ),
    AnnotationType(
        name="fly_cell_type",
        class_name="FlyCellType",
        description="The type of a cell of the fly.",
        fields=(CELL, CELL_TYPE, HEMISPHERE),
    ),
    AnnotationType(
        name="fly_cell_type_ext",
        class_name="FlyCellTypeExt",
        description="The type of a cell of the fly, with lines that label it and other names.",
        fields=(
            CELL,
            CELL_TYPE,
            HEMISPHERE,
            text("driver_line", "Name of a driver line that labels it.", is_required=False),
            text("synonym", "Another name of the type.", is_required=False),
        ),
    ),
)
