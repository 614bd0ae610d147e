"""The dashboard: reads the store, shows what is known and what is not."""
