"""Write the files of a run and choose their names."""
