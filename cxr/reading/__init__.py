"""Reads a file, bytes, a picture or an array as a `Radiograph`."""
