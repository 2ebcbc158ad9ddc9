"""What we measure: speed and faithfulness."""
