"""Everything that changes users, groups, datasets, terms, tables and tokens; each function notes what it did."""
