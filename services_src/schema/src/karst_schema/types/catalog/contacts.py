"""Where two cells touch."""

from karst_schema.types.declaring import AnnotationType, bound_point, decimal, integer, point

TYPES = (
    AnnotationType(
        name="glia_contact",
        class_name="GliaContact",
        description="Where a glia cell touches something.",
        fields=(
            bound_point("glia_pt", "In the glia cell, close to the contact.", order=0),
            bound_point("object_pt", "In what it touches, close to the contact.", order=2),
            decimal("size", "Size of the contact; the table's description says the unit.", is_required=False),
        ),
    ),
    AnnotationType(
        name="contact",
        class_name="Contact",
        description="Where two cells touch.",
        fields=(
            integer("size", "Size of the contact, in voxels.", is_required=False),
            bound_point("sidea_pt", "In one of the two cells, close to the contact."),
            bound_point("sideb_pt", "In the other cell, close to the contact."),
            point("ctr_pt", "Between the two.", is_required=False),
        ),
    ),
)
