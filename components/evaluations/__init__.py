"""Results of test suites, and what is kept about the programme."""
