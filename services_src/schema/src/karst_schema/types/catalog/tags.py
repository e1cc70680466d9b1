"""Words at places, with the user who wrote them or without."""

from karst_schema.types.declaring import AnnotationType, bound_point, text, user_id

PLACE = bound_point("pt", "Where the words belong.")
SECOND_PLACE = bound_point("pt2", "Where the second words belong.")
TAG = text("tag", "Any words.")
SECOND_TAG = text("tag2", "More words.")
USER = user_id("user_id", "Who wrote them.")

TYPES = (
    AnnotationType(
        name="bound_tag",
        class_name="BoundTagAnnotation",
        description="Words at a place.",
        fields=(PLACE, TAG),
    ),
    AnnotationType(
        name="bound_double_tag",
        class_name="BoundDoubleTagAnnotation",
        description="Twice words at a place.",
        fields=(PLACE, TAG, SECOND_TAG),
    ),
    AnnotationType(
        name="bound_2tag",
        class_name="Bound2TagAnnotation",
        description="Words at each of two places.",
        fields=(PLACE, TAG, SECOND_PLACE, SECOND_TAG),
    ),
    AnnotationType(
        name="bound_tag_user",
        class_name="BoundTagAnnotationUser",
        description="Words of a user at a place.",
        fields=(PLACE, TAG, USER),
    ),
    AnnotationType(
        name="bound_double_tag_user",
        class_name="BoundDoubleTagAnnotationUser",
        description="Twice words of a user at a place.",
        fields=(PLACE, TAG, SECOND_TAG, user_id("user_id", "Who wrote them.", is_required=False)),
    ),
    AnnotationType(
        name="bound_2tag_user",
        class_name="Bound2TagAnnotationUser",
        description="Words of a user at each of two places.",
        fields=(PLACE, TAG, SECOND_PLACE, SECOND_TAG, USER),
    ),
    AnnotationType(
        name="braincircuits_annotation_user",
        class_name="BrainCircuitsBoundTagAnnotationUser",
        description="Words of a user at a place, by way of the BrainCircuits pages.",
        fields=(PLACE, TAG, USER),
    ),
)
