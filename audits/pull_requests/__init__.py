"""Opens pull requests on GitHub: the only package that writes there, with a token of its own."""
