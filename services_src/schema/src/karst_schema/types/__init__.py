"""The types of annotations: what each annotation of a type says, its JSON Schema, and its columns in SQL.

Services that keep annotations import this package too; it needs nothing but Python.
"""

from karst_schema.types.columns import Column, SqlType, Table, columns
from karst_schema.types.declaring import AnnotationType, DeclarationError, Field, Kind, Point, PointField
from karst_schema.types.documents import document
from karst_schema.types.registry import annotation_types

__all__ = [
    "AnnotationType",
    "Column",
    "DeclarationError",
    "Field",
    "Kind",
    "Point",
    "PointField",
    "SqlType",
    "Table",
    "annotation_types",
    "columns",
    "document",
]
