"""What a scenario file may hold: keys, their readers, and errors that name file, key and remedy."""
