"""The proof that pictures show what was wished for: prompts with exact specifications, and systems that draw them."""
