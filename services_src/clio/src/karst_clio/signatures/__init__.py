"""Image search: the signature of a place in an image volume, and places whose signatures are like it."""
