"""Questions to the database, split by noun."""
