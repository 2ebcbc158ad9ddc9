"""The guards of the conversation: one silent failure each."""
