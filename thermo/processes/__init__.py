"""Local worker processes and what can be sent to them."""
