"""Lambda: functions, their workers, and the event sources that invoke them."""
