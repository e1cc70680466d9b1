"""Annotations that belong together."""

from karst_schema.types.declaring import AnnotationType, integer, reference

MEMBER = reference("The member of the group.")

TYPES = (
    AnnotationType(
        name="reference_simple_group",
        class_name="SimpleGroup",
        description="Says to which group another annotation belongs.",
        fields=(MEMBER, integer("group_id", "Number of the group.")),
    ),
    AnnotationType(
        name="reference_simple_group_indexed",
        class_name="SimpleGroupIndexed",
        description="Says to which group another annotation belongs; queries find groups fast.",
        fields=(MEMBER, integer("group_id", "Number of the group.", is_indexed=True)),
    ),
)
