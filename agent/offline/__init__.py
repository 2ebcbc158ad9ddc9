"""Conversation without a language model: what was said becomes an exact change of a picture's recipe."""
