"""The nouns: what a picture is made from, what Atelier knows, and what it keeps."""
