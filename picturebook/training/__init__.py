"""How each model of the picture book is trained from nothing."""
