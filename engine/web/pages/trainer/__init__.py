"""The trainer: mistakes as cards to solve on a board, repeated until they are known."""
