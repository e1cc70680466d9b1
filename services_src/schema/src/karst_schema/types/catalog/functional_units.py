"""Which cell in the electron microscope is which one in functional recordings of the same tissue."""

from karst_schema.types.declaring import AnnotationType, bound_point, decimal, integer, reference

BODY = bound_point("pt", "In the cell's body.")
CELL = reference("The cell's nucleus, or another mark of the cell.")
SESSION = integer("session", "Number of the recording session.")
SCAN = integer("scan_idx", "Number of the scan in its session.")
UNIT = integer("unit_id", "Number of the recorded cell in its scan.")
RESIDUAL = decimal(
    "residual", "Distance of the two places of the cell once both volumes are aligned.", is_required=False
)
SCORE = decimal("score", "How sure the match is; the table's description says in which way.", is_required=False)

TYPES = (
    AnnotationType(
        name="microns_func_coreg",
        class_name="FunctionalCoregistration",
        description="A cell and its number in the recordings.",
        fields=(BODY, integer("func_id", "Number of the recorded cell.")),
    ),
    AnnotationType(
        name="microns_func_unit_coreg",
        class_name="FunctionalUnitCoregistration",
        description="A cell and the unit of a scan that recorded it.",
        fields=(BODY, SESSION, SCAN, UNIT),
    ),
    AnnotationType(
        name="v1dd_func_unit_coreg",
        class_name="V1DDFunctionalUnitCoregistration",
        description="A cell and the region of an imaging plane that recorded it, in the V1 deep-dive recordings.",
        fields=(
            BODY,
            integer("column", "Number of the column: volumes that were recorded one below the other."),
            integer("volume", "Number of the volume in its column."),
            integer("plane", "Number of the imaging plane in its volume.", is_required=False),
            integer("roi", "Number of the region of interest in its plane."),
            RESIDUAL,
            SCORE,
        ),
    ),
    AnnotationType(
        name="func_unit_ext_coreg",
        class_name="FunctionalUnitCoregistrationExtended",
        description="The unit of a scan that recorded an annotated cell, and how well the two match.",
        fields=(
            CELL,
            SESSION,
            SCAN,
            UNIT,
            integer("field", "Number of the imaging field in its scan.", is_required=False),
            RESIDUAL,
            SCORE,
        ),
    ),
)
