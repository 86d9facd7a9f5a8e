"""What each kind of question is read for."""
