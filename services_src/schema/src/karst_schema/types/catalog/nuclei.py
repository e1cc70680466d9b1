"""Nuclei of cells."""

from karst_schema.types.declaring import AnnotationType, bound_point, decimal, point

TYPES = (
    AnnotationType(
        name="nucleus_detection",
        class_name="NucleusDetection",
        description="A nucleus, its volume and the box around it.",
        fields=(
            decimal("volume", "Volume in cubic micrometers.", is_required=False),
            bound_point("pt", "The middle of the nucleus."),
            point("bb_start", "The corner of the box with the lowest x, y and z.", is_required=False),
            point("bb_end", "The corner of the box with the highest x, y and z.", is_required=False),
        ),
    ),
)
