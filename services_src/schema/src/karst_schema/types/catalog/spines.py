"""Spines of dendrites."""

from karst_schema.types.declaring import AnnotationType, bound_point, decimal, integer

TYPES = (
    AnnotationType(
        name="spine_with_info",
        class_name="SpineWithInfo",
        description="A spine, its volume and how many cells reach it.",
        fields=(
            bound_point("pt", "In the spine."),
            decimal("volume", "Estimate of its volume; the table's description says the unit.", is_required=False),
            integer("n_inputs", "How many different cells have a synapse on it.", is_required=False),
        ),
    ),
)
