"""Cells that look like others, in the same dataset or in another."""

from karst_schema.types.declaring import AnnotationType, big_integer, bound_point, decimal, flag, reference, text

QUERY_ROOT = big_integer("query_root_id", "The segment of the cell when the score was computed.")
MATCH = text("match_id", "Id of the other cell in its dataset.", is_indexed=True)
SCORE = decimal("score", "How alike they are; the table's description says by which method, such as NBLAST.")
VALIDATION = flag("validation", "Whether a person confirmed the match.", is_required=False, default=False)

TYPES = (
    AnnotationType(
        name="cell_match",
        class_name="CellMatch",
        description="A cell of another dataset that this one looks like.",
        fields=(bound_point("pt", "In the cell."), QUERY_ROOT, MATCH, SCORE, VALIDATION),
    ),
    AnnotationType(
        name="cell_similarity",
        class_name="CellSimilarity",
        description="Two cells of one dataset that look alike.",
        fields=(
            bound_point("pt", "In the first cell."),
            bound_point("match_pt", "In the second cell."),
            QUERY_ROOT,
            big_integer("match_root_id", "The segment of the second cell when the score was computed."),
            SCORE,
        ),
    ),
    AnnotationType(
        name="cell_match_reference",
        class_name="CellMatchReference",
        description="A cell of another dataset that an annotated one looks like.",
        fields=(reference("The cell's nucleus, or another mark of the cell."), QUERY_ROOT, MATCH, SCORE, VALIDATION),
    ),
)
