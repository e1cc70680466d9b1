"""One file for each type, or for a family of them: `TYPES = (AnnotationType(...),)`. Names begin with a letter."""
