"""From rows of the store to DataFrames; pure, so that a table can be tested without a browser."""
