"""What happens without a message: due notices, sending, reminders, retention."""
