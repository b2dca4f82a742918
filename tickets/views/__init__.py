"""The agents' pages, split by noun."""
