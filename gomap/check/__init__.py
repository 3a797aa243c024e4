"""What is wrong with a map: the invariants of a healthy one, and the findings that they yield."""
