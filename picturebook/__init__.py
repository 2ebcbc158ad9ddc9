"""A small world we know everything about: its drawings, the models trained on them, its judge."""
