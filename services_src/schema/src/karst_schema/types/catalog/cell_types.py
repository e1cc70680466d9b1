"""Types of cells."""

from karst_schema.types.declaring import AnnotationType, bound_point, reference, text, user_id

CELL = reference("The cell's nucleus, or another mark of the cell.")
SYSTEM = text("classification_system", "Whose names these are, or how they were found.")
CELL_TYPE = text("cell_type", "Name of the type.")

TYPES = (
    AnnotationType(
        name="cell_type_local",
        class_name="CellTypeLocal",
        description="The type of the cell at a place.",
        fields=(SYSTEM, CELL_TYPE, bound_point("pt", "In the cell.")),
    ),
    AnnotationType(
        name="cell_type_reference",
        class_name="CellTypeReference",
        description="The type of a cell that has an annotation.",
        fields=(CELL, SYSTEM, CELL_TYPE),
    ),
    AnnotationType(
        name="cell_type_reference_user",
        class_name="CellTypeReferenceUser",
        description="The type of a cell that has an annotation, and who says so.",
        fields=(CELL, SYSTEM, CELL_TYPE, user_id("user_id", "Who says so.")),
    ),
    AnnotationType(
        name="extended_classical_cell_type",
        class_name="ExtendedClassicalCellType",
        description="The type of the cell at a place, by its classical name.",
        fields=(bound_point("pt", "In the cell."), CELL_TYPE),
    ),
)
