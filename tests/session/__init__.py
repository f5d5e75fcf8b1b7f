"""What a whole run of the tests does beside them: their order, their times, the branches they reach."""
