"""One file a revision; each stands by itself, whatever `tables` becomes."""
