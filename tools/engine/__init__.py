"""The render engine: from recipes to pixels, many at once, on this machine."""
