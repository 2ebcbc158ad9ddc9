"""The diffusers engine: from a recipe to pixels, on this machine."""
