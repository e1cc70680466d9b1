"""Reads plain-text files of `pg_dump`, so that databases which came from elsewhere can be taken over.

for row in Dump(path).rows(Table("public", "user")):
    row.integer("id"), row.text("email"), row.optional_time("created")
"""

from karst_platform.dumps.reader import Dump
from karst_platform.dumps.rows import DumpError, Row, Table

__all__ = ["Dump", "DumpError", "Row", "Table"]
