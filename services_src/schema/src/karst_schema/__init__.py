"""Describes the types of annotations. The types stand in `karst_schema.types`, which needs no web server."""
