"""From labelled radiographs to a checkpoint and its figures: tables, training, evaluation, calibration."""
