"""Takes secrets out of what is shown or sent, and gives names and addresses pseudonyms that keep their relations."""
