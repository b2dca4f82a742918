"""The only writers of the app, split by noun; import them from here."""
