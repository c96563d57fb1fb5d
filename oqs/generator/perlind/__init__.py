"""PERLind: a positive generator that keeps coherences between levels as close as the rates."""
