"""Pages on which people look after what is theirs: sign-ins, keys, their name, terms of service, access to datasets."""
