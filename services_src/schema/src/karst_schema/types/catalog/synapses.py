"""Synapses, by their two sides."""

from karst_schema.types.declaring import AnnotationType, bound_point, decimal, integer, point

PRE = bound_point("pre_pt", "In the cell that sends, close to the synapse.", order=0)
POST = bound_point("post_pt", "In the cell that receives, close to the synapse.", order=2)
CENTER = point("ctr_pt", "The middle of the synapse.", order=1)
SIZE = decimal("size", "How large the synapse is; the table's description says in which unit.", is_required=False)

TYPES = (
    AnnotationType(
        name="synapse",
        class_name="SynapseSchema",
        description="A synapse with its two sides and its middle.",
        fields=(PRE, POST, CENTER, SIZE),
    ),
    AnnotationType(
        name="nocleft_synapse",
        class_name="NoCleftSynapse",
        description="A synapse that was found without its cleft, with a score of how sure that is.",
        fields=(
            PRE,
            POST,
            decimal("score", "How sure it is; the table's description says how that was found.", is_required=False),
        ),
    ),
    AnnotationType(
        name="nocenter_synapse",
        class_name="NoCenterSynapse",
        description="A synapse whose middle isn't known.",
        fields=(PRE, POST, SIZE),
    ),
    AnnotationType(
        name="plastic_synapse",
        class_name="PlasticSynapse",
        description="A synapse, with how plastic it is.",
        fields=(
            PRE,
            POST,
            CENTER,
            SIZE,
            integer(
                "plasticity",
                "0: it is no synapse, 1: normal, 2: mild, 3: strong, 4: nobody rated it.",
                choices=(0, 1, 2, 3, 4),
            ),
        ),
    ),
)
