"""What a run of the suite tells: text, JSON, HTML page, progress."""
