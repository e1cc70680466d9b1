"""Upstream's images as Karst runs them: a declaration each, the templates of their files, and what fills these."""
