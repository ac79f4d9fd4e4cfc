"""Whole data sets: scores, maps and measures of many radiographs as Parquet tables, on this machine or on Ray."""
