"""Lab notes: one file a study, with the claim, the numbers to expect, the time and the command."""
