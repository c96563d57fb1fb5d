"""What a run leaves: checks, data, tables on a terminal, figures, the folder."""
