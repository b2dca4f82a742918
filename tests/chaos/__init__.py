"""The history checker: people chat over the real protocol, faults strike, and in the end every promise is checked.

`bin/chaos --faults 200 --seed 7`; docs/reliability.md says what is promised and how to read what it prints.
"""
