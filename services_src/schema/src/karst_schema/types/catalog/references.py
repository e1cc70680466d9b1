"""What somebody says about an annotation of another table."""

from karst_schema.types.declaring import VALID, AnnotationType, bound_point, decimal, flag, integer, reference, text

TARGET = reference("The annotation that this one is about.")
TAG = text("tag", "Any words.")

TYPES = (
    AnnotationType(
        name="simple_reference",
        class_name="ReferenceAnnotation",
        description="Picks out an annotation of another table.",
        fields=(TARGET,),
    ),
    AnnotationType(
        name="reference_tag",
        class_name="ReferenceTagAnnotation",
        description="Words about another annotation.",
        fields=(TAG, VALID, TARGET),
    ),
    AnnotationType(
        name="reference_tag_float",
        class_name="ReferenceTagFloat",
        description="Words and a number about another annotation.",
        fields=(TAG, VALID, TARGET, decimal("value", "Any number.")),
    ),
    AnnotationType(
        name="reference_tag_with_confidence",
        class_name="ReferenceTagWithConfidence",
        description="How sure another annotation is.",
        fields=(TARGET, decimal("confidence", "How sure it is.")),
    ),
    AnnotationType(
        name="reference_integer",
        class_name="ReferenceInteger",
        description="A whole number about another annotation.",
        fields=(TARGET, integer("value", "Any whole number.")),
    ),
    AnnotationType(
        name="reference_point",
        class_name="FlatSegmentationReferenceSinglePoint",
        description="A place in the cell that another annotation is about.",
        fields=(TARGET, bound_point("pt", "Which segment is meant.")),
    ),
    AnnotationType(
        name="reference_synapse_valid",
        class_name="ValidSynapse",
        description="Whether a synapse is one.",
        fields=(reference("The synapse."), flag("is_valid", "Whether it is a synapse.")),
    ),
)
