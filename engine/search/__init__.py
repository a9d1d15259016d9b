"""Cut games into units, have them searched and put the evaluations back in order."""
