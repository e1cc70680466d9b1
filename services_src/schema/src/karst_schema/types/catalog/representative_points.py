"""Places that stand for cells."""

from karst_schema.types.declaring import AnnotationType, bound_point

TYPES = (
    AnnotationType(
        name="representative_point",
        class_name="RepresentativePoint",
        description="A place that stands for the cell in which it is.",
        fields=(bound_point("pt", "Which segment is meant."),),
    ),
)
