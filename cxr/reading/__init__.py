"""From a file, bytes, a picture or an array to a `Radiograph`."""
