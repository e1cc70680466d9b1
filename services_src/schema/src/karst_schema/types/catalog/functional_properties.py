"""What cells respond to, by models of their recordings."""

from karst_schema.types.catalog.functional_units import CELL, SCAN, SESSION, UNIT
from karst_schema.types.declaring import AnnotationType, decimal

GLOBAL_ORIENTATION = decimal("gOSI", "Global index of selectivity for orientation.")
GLOBAL_DIRECTION = decimal("gDSI", "Global index of selectivity for direction.")
_STIMULUS = "in the stimulus, whose lower left corner is (-1, -1) and upper right corner (1, 1)."

TYPES = (
    AnnotationType(
        name="func_properties_bcm",
        class_name="FunctionalPropertiesBCM",
        description="Tuning of a recorded cell.",
        fields=(
            CELL,
            SESSION,
            SCAN,
            UNIT,
            decimal("pref_ori", "Preferred orientation in radians, 0 to pi."),
            decimal("pref_dir", "Preferred direction in radians, 0 to 2 pi."),
            GLOBAL_ORIENTATION,
            GLOBAL_DIRECTION,
            decimal("cc_abs", "How well the model predicts the cell; more is better."),
        ),
    ),
    AnnotationType(
        name="digital_twin_properties",
        class_name="DigitalTwinPropertiesBCM",
        description="Tuning of a recorded cell, as its digital twin has it.",
        fields=(
            CELL,
            SESSION,
            SCAN,
            UNIT,
            decimal("pref_ori", "Preferred orientation in degrees, 0 to 180, counter-clockwise; vertical is 0."),
            decimal(
                "pref_dir", "Preferred direction in degrees, 0 to 360, counter-clockwise; a bar that moves right is 0."
            ),
            GLOBAL_ORIENTATION,
            GLOBAL_DIRECTION,
            decimal("cc_abs", "How well the twin predicts recordings that it has not seen; more is better."),
            decimal("cc_max", "How much of the cell's activity can be predicted at all."),
            decimal("cc_norm", "The first of these in relation to the second; more is better."),
            decimal("OSI", "Index of selectivity for orientation."),
            decimal("DSI", "Index of selectivity for direction."),
            decimal("readout_loc_x", f"About the middle of the receptive field, from left to right {_STIMULUS}"),
            decimal("readout_loc_y", f"About the middle of the receptive field, from below upwards {_STIMULUS}"),
        ),
    ),
)
