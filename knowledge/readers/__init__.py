"""What turns files and pages into records, one format a file."""
