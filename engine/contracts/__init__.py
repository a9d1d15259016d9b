"""The building blocks of plugins: states and options of aggregators, and the messages between processes."""
