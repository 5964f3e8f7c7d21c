"""The parts around the program: where and how it runs."""
