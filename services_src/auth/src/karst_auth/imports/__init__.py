"""Takes over the database of CAVE's auth service, of which `pg_dump` made a plain-text file: `karst auth import`."""
