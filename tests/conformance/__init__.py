"""The gateway contract, row by row. A test's name starts with the row it proves."""
