"""One check, one file; the file's name is the check's name and names the fault."""
