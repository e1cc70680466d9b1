"""Answers and words at places, with the segment for which they were true when somebody looked."""

from karst_schema.types.declaring import AnnotationType, big_integer, bound_point, flag, point, text

PLACE = bound_point("pt", "What it is about.")
ANSWER = flag("tag", "The answer; the table's description says to which question.")
VALID_ID = big_integer("valid_id", "The segment that was there when somebody looked.")

TYPES = (
    AnnotationType(
        name="bound_tag_bool",
        class_name="BoundBoolAnnotation",
        description="Yes or no, at a place.",
        fields=(PLACE, ANSWER),
    ),
    AnnotationType(
        name="bound_tag_bool_valid",
        class_name="BoundBoolWithValid",
        description="Yes or no about a segment, at a place.",
        fields=(PLACE, ANSWER, VALID_ID),
    ),
    AnnotationType(
        name="bound_tag_valid",
        class_name="BoundTagWithValid",
        description="Words about a segment, at a place.",
        fields=(PLACE, text("tag", "Any words."), VALID_ID),
    ),
    AnnotationType(
        name="pt_bool_valid",
        class_name="SpatialPointBoolWithValid",
        description="Yes or no about a segment, at a place that needs not be in it.",
        fields=(point("pt", "What it is about."), ANSWER, VALID_ID),
    ),
)
