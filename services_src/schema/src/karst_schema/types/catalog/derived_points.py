"""Places that follow from the segmentation itself: a chunk of it, instead of a picture, says where they are."""

from karst_schema.types.declaring import DERIVED_POINT, AnnotationType, decimal, derived_point, text

TYPES = (
    AnnotationType(
        name="derived_spatial_point",
        class_name=DERIVED_POINT.class_name,
        description="A place and its chunk, and nothing else.",
        fields=DERIVED_POINT.fields,
        takes_more=False,
    ),
    AnnotationType(
        name="derived_tag",
        class_name="DerivedTag",
        description="Words at a place that follows from the segmentation.",
        fields=(derived_point("pt", "Where the words belong."), text("tag", "Any words.")),
    ),
    AnnotationType(
        name="derived_numeric_value",
        class_name="DerivedNumeric",
        description="A number at a place that follows from the segmentation.",
        fields=(
            derived_point("pt", "Where the number belongs."),
            decimal("value", "A number; the table's description says of what.", is_required=False),
        ),
    ),
)
