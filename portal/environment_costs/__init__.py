"""What one environment costs: by day with what happened, against its estimate, idle, and after it is gone."""
