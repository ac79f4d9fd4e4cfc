"""Controls: maps that must lose against a real explanation. A measure that one of them wins measures something else."""
