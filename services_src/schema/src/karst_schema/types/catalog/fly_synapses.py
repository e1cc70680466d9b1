"""Synapses of the whole fly brain, as Buhmann et al. found them, with transmitters by Eckstein et al."""

from karst_schema.types.catalog.synapses import POST, PRE
from karst_schema.types.declaring import AnnotationType, Field, decimal, flag

CONNECTION_SCORE = decimal("connection_score", "Score of the connection by Buhmann et al.", is_required=False)
CLEFT_SCORE = decimal(
    "cleft_score", "Score of the cleft: that connection joined with the clefts of Heinrich et al.", is_required=False
)


def transmitter(name: str, what: str) -> Field:
    """How likely a transmitter is."""
    return decimal(name, f"How likely the transmitter is {what}, 0 to 1, by Eckstein et al.", is_required=False)


TYPES = (
    AnnotationType(
        name="fly_synapse",
        class_name="BuhmannSynapseSchema",
        description="A synapse of the fly with the scores of its detection.",
        fields=(PRE, POST, CONNECTION_SCORE, CLEFT_SCORE),
    ),
    AnnotationType(
        name="fly_nt_synapse",
        class_name="BuhmannEcksteinSynapseSchema",
        description="A synapse of the fly with the scores of its detection and its likely transmitters.",
        fields=(
            PRE,
            POST,
            CONNECTION_SCORE,
            CLEFT_SCORE,
            transmitter("gaba", "GABA"),
            transmitter("ach", "acetylcholine"),
            transmitter("glut", "glutamate"),
            transmitter("oct", "octopamine"),
            transmitter("ser", "serotonin"),
            transmitter("da", "dopamine"),
            flag("valid_nt", "Whether there is a prediction of the transmitter at all.", is_required=False),
        ),
    ),
)
