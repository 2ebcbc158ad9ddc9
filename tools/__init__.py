"""The verbs: one file, one tool."""
