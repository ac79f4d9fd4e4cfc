"""From labelled radiographs to figures: tables of labels, in NumPy alone."""
