"""Parts of the executor `fishnet`."""
