"""What the forms of making good accept. They check and clean; the actions save."""
