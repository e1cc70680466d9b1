"""Configuration that commands write: as people would, checked before it stands, and all of it or nothing."""
