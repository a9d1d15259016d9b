"""The parts of the HTML report: page, data, pictures. The writers `html` and `trainer` put them together."""
