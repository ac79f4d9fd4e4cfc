"""The kit's own test: faults are put into the built-in explainers and measures, and the kit has to find them.

    python -m tests.mutations

Faults are generated from the sources (`operators`) and written by hand (`by_hand`). Each is compared with the original
first: one that changes nothing that was seen is equivalent, and listed. The others go through the kit.
"""
