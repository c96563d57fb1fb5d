"""What checks compare with: equations written out, exact and published solutions."""
