"""How good a network is: labels, AUC, intervals by patient, thresholds, calibration, reports."""
