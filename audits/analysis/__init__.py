"""What follows from a repository's model: conditions, events, taint, caches, references."""
