"""What stands between functions and AWS where calls are to be checked or disturbed: a relay, and what a call is."""
