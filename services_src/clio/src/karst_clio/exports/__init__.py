"""Everything that a store of documents holds as files, and back: from Firestore to PostgreSQL, or the other way."""
