"""Jobs, schedules, the clock, the calendar and the document workshop."""
