"""What a message cannot say: checks of the objects themselves."""
