"""Where services keep things: one interface a kind of store, one module an implementation."""
