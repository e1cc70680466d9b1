"""`python -m karst_schema.types mitochondrion`: show the columns and the document of a type, to look at a new one."""

import argparse
import json
import sys

from karst_schema.types import DeclarationError, annotation_types, columns, document


def main() -> None:
    """Print one type; end with a message where it means nothing."""
    parser = argparse.ArgumentParser(prog="karst_schema.types", description="Show a type of annotations.")
    parser.add_argument("name", help="name of the type")
    name: str = parser.parse_args().name
    try:
        found = annotation_types().get(name)
    except DeclarationError as error:
        sys.exit(str(error))
    if found is None:
        sys.exit(f"There is no type '{name}'. Its file belongs into karst_schema/types/catalog")
    lines = [f"{each.table:12}  {each.name:32}  {each.sql}" for each in columns(found)]
    sys.stdout.write("\n".join([*lines, json.dumps(document(found), indent=2), ""]))


if __name__ == "__main__":
    main()
