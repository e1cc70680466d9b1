"""Boutons of synapses."""

from karst_schema.types.declaring import AnnotationType, reference, text

SYNAPSE = reference("The synapse.")
SHAPES = ("pancake", "basmati", "potato")

TYPES = (
    AnnotationType(
        name="bouton_shape",
        class_name="BoutonShape",
        description="What the bouton of a synapse looks like.",
        fields=(SYNAPSE, text("shape", "What the bouton resembles.", choices=SHAPES)),
    ),
    AnnotationType(
        name="presynaptic_bouton_type",
        class_name="PresynapticBoutonType",
        description="The kind of cell that sends, as its bouton tells.",
        fields=(
            SYNAPSE,
            text(
                "bouton_type",
                "Shape of the bouton, or the kind of cell that has such boutons.",
                choices=(*SHAPES, "sst", "vertical", "vip", "ivy", "clutch", "chandelier"),
            ),
        ),
    ),
)
