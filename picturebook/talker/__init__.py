"""The book's own language model: a small decoder that talks of pictures, and the dialogues it learns from."""
