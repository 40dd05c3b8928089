"""One parameter of one environment: its three states, its forms, its history, what is hidden of it."""
