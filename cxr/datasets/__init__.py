"""Whole data sets: folders behind paths and addresses, reading ahead, tables that are written in parts."""
