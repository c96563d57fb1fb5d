"""The paper's figures and scans, drawn: `python -m validation figures`."""
