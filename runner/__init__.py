"""Sets the project up and runs it: what stands behind `bin/`.

Only the standard library, because it works before any package is installed.
"""
