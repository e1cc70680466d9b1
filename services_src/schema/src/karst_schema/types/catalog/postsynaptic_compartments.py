"""Where a synapse reaches the cell that receives."""

from karst_schema.types.declaring import AnnotationType, flag, reference, text

TYPES = (
    AnnotationType(
        name="postsynaptic_compartment",
        class_name="PostsynapticCompartment",
        description="The part of the receiving cell that a synapse is on.",
        fields=(
            reference("The synapse."),
            text("compartment", "The part of the receiving cell.", choices=("soma", "dendrite", "axon")),
            flag("on_spine", "Whether the synapse is on a spine.", is_required=False),
            text("dendrite_class", "Which dendrite it is.", choices=("basal", "apical"), is_required=False),
        ),
    ),
)
